// Thresholds, counts and zero masks over n contiguous floats.
#pragma once

#include <cstddef>
#include <cstdint>

namespace eddl_prune::kernels {

// dst[i] = src[i]; they do not overlap.
void copy(float* dst, const float* src, std::size_t n);

// Number of elements that are not ±0; a NaN counts.
std::size_t count_nonzero(const float* src, std::size_t n);

// Whether all are +0, bit for bit. One thread, which stops at the first that is not.
bool is_all_zero_bits(const float* src, std::size_t n);

// Number of NaNs and infinities.
std::size_t count_nonfinite(const float* src, std::size_t n);

// Number of elements with 0 < |x| < threshold: those that zero_below would newly zero. A NaN never is.
std::size_t count_below(const float* src, std::size_t n, float threshold);

// Sets every element with |x| < threshold to +0 and returns how many were not ±0 before. A NaN stays.
std::size_t zero_below(float* dst, std::size_t n, float threshold);

// is_zero[i] = 1 where src[i] is exactly ±0, else 0; returns how many are.
std::size_t build_zero_mask(const float* src, std::size_t n, std::uint8_t* is_zero);

// dst[i] = 0 where is_zero[i].
void apply_zero_mask(float* dst, std::size_t n, const std::uint8_t* is_zero);

}  // namespace eddl_prune::kernels
