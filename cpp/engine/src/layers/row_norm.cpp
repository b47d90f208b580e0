#include "layers/row_norm.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "errors.h"
#include "layers/folds.h"
#include "parallel.h"

namespace eddl {

namespace {

// What stands in for the scale and the shift that are not there: one channel of all elements.
constexpr float ONE = 1.0f, ZERO = 0.0f;

RowForm without_affine(const RowForm& form) { return {form.rows, 1, form.length(), false}; }

// Calls use(integral constant): the distance from one element's scale to the next one's, known to the compiler.
template <typename Use>
void with_step(const RowForm& form, Use use) {
    if (form.per_element) use(std::integral_constant<int, 1>());
    else use(std::integral_constant<int, 0>());
}

// Σ term(i) over [0, n)
template <typename Term>
double sum_of_terms(std::ptrdiff_t n, Term term) {
    double lanes[LANES] = {};
    std::ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (std::ptrdiff_t l = 0; l < LANES; ++l) lanes[l] += term(i + l);
    }
    for (; i < n; ++i) lanes[i % LANES] += term(i);
    double sum = 0.0;
    for (const double lane : lanes) sum += lane;
    return sum;
}

struct Row {
    float mean, inverse;

    float normalized(float x) const { return (x - mean) * inverse; }
};

void measure_row(const float* x, std::ptrdiff_t length, float epsilon, float& mean, float& deviation) {
    const auto n = static_cast<double>(length);
    const double center = sum_of_terms(length, [=](std::ptrdiff_t i) -> double { return x[i]; }) / n;
    const double squares = sum_of_terms(length, [=](std::ptrdiff_t i) -> double {
        return (x[i] - center) * (x[i] - center);
    });
    mean = static_cast<float>(center);
    deviation = static_cast<float>(std::sqrt(squares / n + epsilon));
}

template <int Step>
void forward_row(const RowForm& form, const Row& row, const float* src, const float* scale, const float* shift,
                 float* dst) {
    for (std::ptrdiff_t c = 0; c < form.channels; ++c, src += form.plane, dst += form.plane) {
        for (std::ptrdiff_t i = 0; i < form.plane; ++i) {
            dst[i] = row.normalized(src[i]) * scale[c + i * Step] + shift[c + i * Step];
        }
    }
}

// With z the normalised row and g the delta of z: diff_src += (g - mean(g) - z · mean(g · z)) / deviation.
template <int Step>
void backward_row(const RowForm& form, const Row& row, const float* src, const float* scale, const float* diff_dst,
                  float* diff_src) {
    double sum = 0.0, product = 0.0;
    for (std::ptrdiff_t c = 0; c < form.channels; ++c) {
        const float *x = src + c * form.plane, *d = diff_dst + c * form.plane, *s = scale + c;
        sum += sum_of_terms(form.plane, [=](std::ptrdiff_t i) -> double { return d[i] * s[i * Step]; });
        product += sum_of_terms(form.plane, [=](std::ptrdiff_t i) -> double {
            return d[i] * s[i * Step] * row.normalized(x[i]);
        });
    }
    const auto length = static_cast<double>(form.length());
    const auto mean = static_cast<float>(sum / length), slope = static_cast<float>(product / length);
    for (std::ptrdiff_t c = 0; c < form.channels; ++c) {
        const float *x = src + c * form.plane, *d = diff_dst + c * form.plane, *s = scale + c;
        float* out = diff_src + c * form.plane;
        for (std::ptrdiff_t i = 0; i < form.plane; ++i) {
            out[i] += (d[i] * s[i * Step] - mean - row.normalized(x[i]) * slope) * row.inverse;
        }
    }
}

}  // namespace

void RowNorm::require_statistics(const RowForm& form) const {
    if (static_cast<std::ptrdiff_t>(means_.size()) != form.rows) {
        failed("backward of a normalisation", "no forward of this batch went before");
    }
}

void RowNorm::make_room(const RowForm& form) {
    means_.resize(static_cast<std::size_t>(form.rows));
    deviations_.resize(means_.size());
}

void RowNorm::measure(const RowForm& form, float epsilon, const float* src) {
    make_room(form);
    float *means = means_.data(), *deviations = deviations_.data();
    const std::ptrdiff_t length = form.length();
    parallel_for(form.rows, [=](std::ptrdiff_t r) {
        measure_row(src + r * length, length, epsilon, means[r], deviations[r]);
    }, length);
}

void RowNorm::forward(const RowForm& form, float epsilon, const float* src, const float* scale, const float* shift,
                      float* dst) {
    if (scale == nullptr) return forward(without_affine(form), epsilon, src, &ONE, &ZERO, dst);
    make_room(form);
    float *means = means_.data(), *deviations = deviations_.data();
    const std::ptrdiff_t length = form.length();
    with_step(form, [&](auto step) {
        parallel_for(form.rows, [=](std::ptrdiff_t r) {
            measure_row(src + r * length, length, epsilon, means[r], deviations[r]);
            forward_row<step>(form, {means[r], 1.0f / deviations[r]}, src + r * length, scale, shift, dst + r * length);
        }, length);
    });
}

void RowNorm::backward(const RowForm& form, const float* src, const float* scale, const float* diff_dst,
                       float* diff_src) const {
    if (scale == nullptr) return backward(without_affine(form), src, &ONE, diff_dst, diff_src);
    require_statistics(form);
    const float *means = means_.data(), *deviations = deviations_.data();
    const std::ptrdiff_t length = form.length();
    with_step(form, [&](auto step) {
        parallel_for(form.rows, [=](std::ptrdiff_t r) {
            backward_row<step>(form, {means[r], 1.0f / deviations[r]}, src + r * length, scale, diff_dst + r * length,
                               diff_src + r * length);
        }, length);
    });
}

void RowNorm::backward_affine(const RowForm& form, const float* src, const float* diff_dst, float* diff_scale,
                              float* diff_shift) const {
    require_statistics(form);
    const float *means = means_.data(), *deviations = deviations_.data();
    const std::ptrdiff_t length = form.length();
    if (!form.per_element) {
        parallel_for(form.channels, [=](std::ptrdiff_t c) {
            double scale = 0.0, shift = 0.0;
            for (std::ptrdiff_t r = 0; r < form.rows; ++r) {
                const Row row{means[r], 1.0f / deviations[r]};
                const float *x = src + r * length + c * form.plane, *d = diff_dst + r * length + c * form.plane;
                scale +=
                    sum_of_terms(form.plane, [=](std::ptrdiff_t i) -> double { return d[i] * row.normalized(x[i]); });
                shift += sum_of_terms(form.plane, [=](std::ptrdiff_t i) -> double { return d[i]; });
            }
            diff_scale[c] += static_cast<float>(scale);
            diff_shift[c] += static_cast<float>(shift);
        }, form.rows * form.plane);
        return;
    }
    // Sums over columns, in blocks of them: row by row within each.
    constexpr std::ptrdiff_t BLOCK = 64;
    parallel_for((length + BLOCK - 1) / BLOCK, [=](std::ptrdiff_t block) {
        const std::ptrdiff_t first = block * BLOCK, count = std::min(BLOCK, length - first);
        double scale[BLOCK] = {}, shift[BLOCK] = {};
        for (std::ptrdiff_t r = 0; r < form.rows; ++r) {
            const Row row{means[r], 1.0f / deviations[r]};
            const float *x = src + r * length + first, *d = diff_dst + r * length + first;
            for (std::ptrdiff_t i = 0; i < count; ++i) {
                scale[i] += d[i] * row.normalized(x[i]);
                shift[i] += d[i];
            }
        }
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            diff_scale[first + i] += static_cast<float>(scale[i]);
            diff_shift[first + i] += static_cast<float>(shift[i]);
        }
    }, form.rows * BLOCK);
}

}  // namespace eddl
