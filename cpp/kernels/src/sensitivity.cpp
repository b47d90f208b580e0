#include "eddl_prune/kernels/sensitivity.h"

#include <algorithm>
#include <cmath>

#include "channel_runs.h"

namespace eddl_prune::kernels {

namespace {

// Rounded in the same order everywhere: sensitivity and insensitivity first, then the shrunk weight.
inline float shrunk(float w, float gradient_size, float lambda) {
    const float insensitivity = 1.0f - gradient_size;
    // This form of max turns a NaN gradient into 0 and vectorises without -ffast-math.
    return w - lambda * w * (insensitivity > 0.0f ? insensitivity : 0.0f);
}

template <class GradientSize>
void step(float* w, const float* g, std::size_t n, float lambda, GradientSize gradient_size) {
    if (lambda == 0.0f) return;  // 0 * inf would be a NaN
#pragma omp parallel for simd schedule(static) if (n >= parallel_grain)
    for (std::size_t i = 0; i < n; ++i) w[i] = shrunk(w[i], gradient_size(g[i]), lambda);
}

}  // namespace

void lobster_step(float* w, const float* g, std::size_t n, float lambda) {
    step(w, g, n, lambda, [](float x) { return std::fabs(x); });
}

void lobster_step_squared(float* w, const float* g_squared, std::size_t n, float lambda) {
    step(w, g_squared, n, lambda, [](float x) { return std::sqrt(x); });
}

void neuron_step(float* w, AxisShape shape, const float* s, float lambda) {
    if (lambda == 0.0f) return;
    const std::size_t rows = shape.outer * shape.extent;
#pragma omp parallel if (shape.size() >= parallel_grain)
    if (shape.inner == 1) {
#pragma omp for schedule(static)
        for (std::size_t o = 0; o < shape.outer; ++o) {
            float* row = w + o * shape.extent;
#pragma omp simd
            for (std::size_t c = 0; c < shape.extent; ++c) row[c] = shrunk(row[c], s[c], lambda);
        }
    } else {
#pragma omp for schedule(static)
        for (std::size_t r = 0; r < rows; ++r) {
            float* row = w + r * shape.inner;
            const float sensitivity = s[r % shape.extent];
#pragma omp simd
            for (std::size_t i = 0; i < shape.inner; ++i) row[i] = shrunk(row[i], sensitivity, lambda);
        }
    }
}

void add_absolute(float* sum, const float* src, std::size_t n) {
#pragma omp parallel for simd schedule(static) if (n >= parallel_grain)
    for (std::size_t i = 0; i < n; ++i) sum[i] += std::fabs(src[i]);
}

void add_channel_absolute_sums(const float* src, AxisShape shape, double* sums) {
    add_channel_sums(src, shape, sums, [](float x) { return static_cast<double>(std::fabs(x)); });
}

void add_channel_nonzero_counts(const float* src, AxisShape shape, double* counts) {
    add_channel_sums(src, shape, counts, [](float x) { return x != 0.0f ? 1.0 : 0.0; });
}

namespace reference {

namespace {

// visit(element, channel) in memory order.
template <class Visit>
void for_each_element(AxisShape shape, Visit visit) {
    for (std::size_t i = 0; i < shape.size(); ++i) visit(i, i / shape.inner % shape.extent);
}

}  // namespace

void lobster_step(float* w, const float* g, std::size_t n, float lambda) {
    for (std::size_t i = 0; i < n; ++i) {
        const float sensitivity = std::abs(g[i]);
        const float insensitivity = std::max(0.0f, 1.0f - sensitivity);
        if (lambda != 0.0f) w[i] = w[i] - lambda * w[i] * insensitivity;
    }
}

void neuron_step(float* w, AxisShape shape, const float* s, float lambda) {
    for_each_element(shape, [=](std::size_t i, std::size_t c) {
        if (lambda != 0.0f) w[i] = w[i] - lambda * w[i] * std::max(0.0f, 1.0f - s[c]);
    });
}

void add_absolute(float* sum, const float* src, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) sum[i] = sum[i] + std::abs(src[i]);
}

void add_channel_absolute_sums(const float* src, AxisShape shape, double* sums) {
    for_each_element(shape, [=](std::size_t i, std::size_t c) { sums[c] += static_cast<double>(std::abs(src[i])); });
}

void add_channel_nonzero_counts(const float* src, AxisShape shape, double* counts) {
    for_each_element(shape, [=](std::size_t i, std::size_t c) { counts[c] += src[i] != 0.0f ? 1.0 : 0.0; });
}

}  // namespace reference

}  // namespace eddl_prune::kernels
