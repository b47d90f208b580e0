#include "eddl_prune/kernels/sensitivity.h"

#include <algorithm>
#include <cmath>

#include "eddl_prune/kernels/axis.h"

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

namespace reference {

void lobster_step(float* w, const float* g, std::size_t n, float lambda) {
    for (std::size_t i = 0; i < n; ++i) {
        const float sensitivity = std::abs(g[i]);
        const float insensitivity = std::max(0.0f, 1.0f - sensitivity);
        if (lambda != 0.0f) w[i] = w[i] - lambda * w[i] * insensitivity;
    }
}

}  // namespace reference

}  // namespace eddl_prune::kernels
