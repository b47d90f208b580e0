// Whole channels of a tensor: norms, zeroing, dead-channel flags, and moving channels between tensors.
// All results are independent of the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "eddl_prune/kernels/axis.h"

namespace eddl_prune::kernels {

// sums[c] = Σ src(·, c, ·)², accumulated in double. `sums` has shape.extent entries.
void channel_square_sums(const float* src, AxisShape shape, double* sums);

// Adds Σ a·b over each channel to sums[channel].
void add_channel_product_sums(const float* a, const float* b, AxisShape shape, double* sums);

// flags[c] = 1 where every element of channel c is exactly ±0 (a NaN is not), else 0; a channel without elements is
// all zero. `flags` has shape.extent entries.
void channel_all_zero(const float* src, AxisShape shape, std::uint8_t* flags);

// Sets every element of the given channels to 0; returns how many were not 0 before. No channel may occur twice.
std::size_t zero_channels(float* dst, AxisShape shape, const std::size_t* channels, std::size_t n_channels);

// dst(o, k, i) = src(o, keep[k], i); `dst` has shape {outer, n_keep, inner} and does not overlap `src`.
void gather_axis(const float* src, AxisShape shape, const std::size_t* keep, std::size_t n_keep, float* dst);

// The inverse: dst(o, keep[k], i) = src(o, k, i), `shape` being dst's; other channels of `dst` keep their values.
// No channel may occur twice.
void scatter_axis(const float* src, AxisShape shape, const std::size_t* keep, std::size_t n_keep, float* dst);

}  // namespace eddl_prune::kernels
