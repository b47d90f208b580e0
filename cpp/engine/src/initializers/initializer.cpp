// Fans follow EDDL's layouts: matrices are [in, out], kernels [out, in, spatial …]. Vectors, which have no fans, get
// small uniform values or zeros, as in EDDL.
#include "eddl/initializers/initializer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "eddl/random.h"
#include "errors.h"

namespace {

struct Fans {
    float in;
    float out;
};

constexpr float NO_FAN_LIMIT = 0.1f;

void require_given(const Tensor *t) {
    if (t == nullptr) eddl::invalid("Initializer.apply", "expected a tensor, received none");
}

bool has_fans(const Tensor *t) {
    require_given(t);
    return t->shape.size() >= 2;
}

Fans fans_of(const Tensor *t) {
    const std::vector<int> &s = t->shape;
    if (s.size() == 2) return {static_cast<float>(s[0]), static_cast<float>(s[1])};
    float field = 1.0f;
    for (std::size_t i = 2; i < s.size(); ++i) field *= static_cast<float>(s[i]);
    return {field * static_cast<float>(s[1]), field * static_cast<float>(s[0])};
}

void fill_uniform(Tensor *t, float limit) { eddl::random_uniform(t->ptr, t->size, -limit, limit); }

void fill_normal(Tensor *t, float mean, float sd) {
    require_given(t);
    eddl::random_normal(t->ptr, t->size, mean, sd);
}

// Normal values, redrawn until they lie within two standard deviations.
void fill_truncated(Tensor *t, float mean, float sd) {
    fill_normal(t, 0.0f, 1.0f);
    for (std::size_t i = 0; i < t->size; ++i) {
        while (std::fabs(t->ptr[i]) > 2.0f) eddl::random_normal(t->ptr + i, 1, 0.0f, 1.0f);
        t->ptr[i] = mean + sd * t->ptr[i];
    }
}

// Makes the rows of the matrix orthonormal by modified Gram-Schmidt, in double; rows ≤ cols.
void orthonormalize_rows(std::vector<double> &m, std::size_t rows, std::size_t cols) {
    for (std::size_t r = 0; r < rows; ++r) {
        double *row = &m[r * cols];
        for (std::size_t q = 0; q < r; ++q) {
            const double *other = &m[q * cols];
            double dot = 0.0;
            for (std::size_t c = 0; c < cols; ++c) dot += row[c] * other[c];
            for (std::size_t c = 0; c < cols; ++c) row[c] -= dot * other[c];
        }
        double norm = 0.0;
        for (std::size_t c = 0; c < cols; ++c) norm += row[c] * row[c];
        norm = std::sqrt(norm);
        for (std::size_t c = 0; c < cols; ++c) row[c] /= norm;
    }
}

}  // namespace

Initializer::Initializer(std::string name) : name(std::move(name)) {}
Initializer::~Initializer() = default;

IConstant::IConstant(float value) : Initializer("constant"), value(value) {}

void IConstant::apply(Tensor *params) { Tensor::fill(params, value); }

IIdentity::IIdentity(float gain) : Initializer("identity"), gain(gain) {}

void IIdentity::apply(Tensor *params) {
    if (!has_fans(params) || params->shape.size() != 2 || params->shape[0] != params->shape[1])
        eddl::invalid("IIdentity.apply", "expected a square matrix, received shape ", params->shape);
    params->fill_(0.0f);
    const std::size_t n = static_cast<std::size_t>(params->shape[0]);
    for (std::size_t i = 0; i < n; ++i) params->ptr[i * n + i] = gain;
}

IGlorotNormal::IGlorotNormal(int seed) : Initializer("glorot_normal"), seed(seed) {}

void IGlorotNormal::apply(Tensor *params) {
    if (!has_fans(params)) return fill_uniform(params, NO_FAN_LIMIT);
    const Fans fans = fans_of(params);
    fill_normal(params, 0.0f, std::sqrt(2.0f / (fans.in + fans.out)));
}

IGlorotUniform::IGlorotUniform(int seed) : Initializer("glorot_uniform"), seed(seed) {}

void IGlorotUniform::apply(Tensor *params) {
    // A vector of n counts as n in, n out.
    const bool matrix = has_fans(params);
    const float n = static_cast<float>(params->size);
    const Fans fans = matrix ? fans_of(params) : Fans{n, n};
    fill_uniform(params, std::sqrt(6.0f / (fans.in + fans.out)));
}

IHeNormal::IHeNormal(int seed) : Initializer("He_normal"), seed(seed) {}

void IHeNormal::apply(Tensor *params) {
    if (!has_fans(params)) return fill_uniform(params, NO_FAN_LIMIT);
    fill_normal(params, 0.0f, std::sqrt(2.0f / fans_of(params).in));
}

IHeUniform::IHeUniform(int seed) : Initializer("He_uniform"), seed(seed) {}

void IHeUniform::apply(Tensor *params) {
    if (!has_fans(params)) return params->fill_(0.0f);
    fill_uniform(params, std::sqrt(6.0f / fans_of(params).in));
}

IRandomNormal::IRandomNormal(float mean, float stdev, int seed)
    : Initializer("random_normal"), mean(mean), stdev(stdev), seed(seed) {}

void IRandomNormal::apply(Tensor *params) { fill_normal(params, mean, stdev); }

IRandomUniform::IRandomUniform(float minval, float maxval, int seed)
    : Initializer("random_uniform"), minval(minval), maxval(maxval), seed(seed) {}

void IRandomUniform::apply(Tensor *params) {
    require_given(params);
    eddl::random_uniform(params->ptr, params->size, minval, maxval);
}

ITruncateNormal::ITruncateNormal(float mean, float stdev, int seed)
    : Initializer("truncated_normal"), mean(mean), stdev(stdev), seed(seed) {}

void ITruncateNormal::apply(Tensor *params) { fill_truncated(params, mean, stdev); }

IOrthogonal::IOrthogonal(float gain, int seed) : Initializer("orthogonal"), gain(gain), seed(seed) {}

void IOrthogonal::apply(Tensor *params) {
    if (!has_fans(params))
        eddl::invalid("IOrthogonal.apply", "expected at least 2 dimensions, received shape ", params->shape);
    const std::size_t first = static_cast<std::size_t>(params->shape[0]);
    const std::size_t second = params->size / first;
    const std::size_t rows = std::min(first, second), cols = std::max(first, second);
    fill_normal(params, 0.0f, 1.0f);
    std::vector<double> m(params->ptr, params->ptr + params->size);
    orthonormalize_rows(m, rows, cols);
    const bool transposed = first > second;
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < cols; ++c)
            params->ptr[transposed ? c * rows + r : r * cols + c] = gain * static_cast<float>(m[r * cols + c]);
}

IVarianceScaling::IVarianceScaling(float scale, std::string mode, std::string distribution, int seed)
    : Initializer("variance_scaling"), scale(scale), mode(std::move(mode)), distribution(std::move(distribution)),
      seed(seed) {}

void IVarianceScaling::apply(Tensor *params) {
    if (!has_fans(params))
        eddl::invalid("IVarianceScaling.apply", "expected at least 2 dimensions, received shape ", params->shape);
    const Fans fans = fans_of(params);
    float n = 0.0f;
    if (mode == "fan_in") n = fans.in;
    else if (mode == "fan_out") n = fans.out;
    else if (mode == "fan_avg") n = (fans.in + fans.out) / 2.0f;
    else eddl::invalid("IVarianceScaling.apply", "expected mode fan_in, fan_out or fan_avg, received '", mode, "'");
    const float variance = scale / std::max(1.0f, n);
    // What remains of a normal between two standard deviations has this share of its standard deviation.
    constexpr float TRUNCATED_SD = 0.87962566f;
    if (distribution == "normal" || distribution == "truncated_normal")
        fill_truncated(params, 0.0f, std::sqrt(variance) / TRUNCATED_SD);
    else if (distribution == "untruncated_normal") fill_normal(params, 0.0f, std::sqrt(variance));
    else if (distribution == "uniform") fill_uniform(params, std::sqrt(3.0f * variance));
    else
        eddl::invalid("IVarianceScaling.apply",
                      "expected distribution normal, truncated_normal, untruncated_normal or uniform, received '",
                      distribution, "'");
}
