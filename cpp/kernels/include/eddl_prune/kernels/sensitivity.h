// Regularisation by sensitivity: what is summed up to a sensitivity S, and the update, in one fused pass over the
// weights.
#pragma once

#include <cstddef>

#include "eddl_prune/kernels/axis.h"

namespace eddl_prune::kernels {

// LOBSTER (Tartaglione et al., Neural Networks 146, 2022): w[i] -= lambda * w[i] * max(0, 1 - |g[i]|), g = ∂L/∂w.
// With S >= 0 in place of g it is the update of every method that has a sensitivity for each weight.
// Where g is NaN the weight is left alone. lambda == 0 touches nothing.
void lobster_step(float* w, const float* g, std::size_t n, float lambda);

// The same from the squared gradient, for optimizers that square it in place (EDDL's Adam).
void lobster_step_squared(float* w, const float* g_squared, std::size_t n, float lambda);

// One sensitivity for all weights of a neuron (SeReNe; Tartaglione et al., TNNLS 33(12), 2022):
// w(·, c, ·) -= lambda * w(·, c, ·) * max(0, 1 - s[c]). `s` has shape.extent entries; a NaN leaves its channel alone.
void neuron_step(float* w, AxisShape shape, const float* s, float lambda);

// sum[i] += |src[i]|
void add_absolute(float* sum, const float* src, std::size_t n);

// sums[c] += Σ |src(·, c, ·)|, in double. Both are independent of the number of threads; `sums` has shape.extent
// entries.
void add_channel_absolute_sums(const float* src, AxisShape shape, double* sums);

// counts[c] += how many of src(·, c, ·) are not ±0
void add_channel_nonzero_counts(const float* src, AxisShape shape, double* counts);

namespace reference {

// The formulas line by line in one thread, to test and measure the fused ones against.
void lobster_step(float* w, const float* g, std::size_t n, float lambda);
void neuron_step(float* w, AxisShape shape, const float* s, float lambda);
void add_absolute(float* sum, const float* src, std::size_t n);
void add_channel_absolute_sums(const float* src, AxisShape shape, double* sums);
void add_channel_nonzero_counts(const float* src, AxisShape shape, double* counts);

}  // namespace reference

}  // namespace eddl_prune::kernels
