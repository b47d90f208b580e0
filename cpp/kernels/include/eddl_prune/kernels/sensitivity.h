// Regularisation by sensitivity, in one fused pass over the weights.
#pragma once

#include <cstddef>

namespace eddl_prune::kernels {

// LOBSTER (Tartaglione et al., Neural Networks 146, 2022): w[i] -= lambda * w[i] * max(0, 1 - |g[i]|), g = ∂L/∂w.
// Where g is NaN the weight is left alone. lambda == 0 touches nothing.
void lobster_step(float* w, const float* g, std::size_t n, float lambda);

// The same from the squared gradient, for optimizers that square it in place (EDDL's Adam).
void lobster_step_squared(float* w, const float* g_squared, std::size_t n, float lambda);

namespace reference {

// The formula line by line in one thread, to test and measure the fused ones against.
void lobster_step(float* w, const float* g, std::size_t n, float lambda);

}  // namespace reference

}  // namespace eddl_prune::kernels
