#include "eddl_prune/kernels/elementwise.h"

#include <cmath>
#include <cstring>

#include "eddl_prune/kernels/axis.h"

namespace eddl_prune::kernels {

namespace {

template <class Predicate>
std::size_t count_if(const float* src, std::size_t n, Predicate holds) {
    std::size_t count = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : count) if (n >= parallel_grain)
    for (std::size_t i = 0; i < n; ++i) count += holds(src[i]) ? 1 : 0;
    return count;
}

// All exponent bits set: a NaN or an infinity. On integers, so that it vectorises.
inline bool is_nonfinite(float x) {
    constexpr std::uint32_t exponent = 0x7f800000u;
    std::uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return (bits & exponent) == exponent;
}

inline bool is_newly_zero(float x, float threshold) { return (std::fabs(x) < threshold) & (x != 0.0f); }

}  // namespace

std::size_t count_nonzero(const float* src, std::size_t n) {
    return count_if(src, n, [](float x) { return x != 0.0f; });
}

std::size_t count_nonfinite(const float* src, std::size_t n) { return count_if(src, n, is_nonfinite); }

std::size_t count_below(const float* src, std::size_t n, float threshold) {
    return count_if(src, n, [threshold](float x) { return is_newly_zero(x, threshold); });
}

std::size_t zero_below(float* dst, std::size_t n, float threshold) {
    std::size_t count = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : count) if (n >= parallel_grain)
    for (std::size_t i = 0; i < n; ++i) {
        const float x = dst[i];
        count += is_newly_zero(x, threshold) ? 1 : 0;
        dst[i] = std::fabs(x) < threshold ? 0.0f : x;
    }
    return count;
}

std::size_t build_zero_mask(const float* src, std::size_t n, std::uint8_t* is_zero) {
    std::size_t count = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : count) if (n >= parallel_grain)
    for (std::size_t i = 0; i < n; ++i) {
        is_zero[i] = src[i] == 0.0f ? 1 : 0;
        count += is_zero[i];
    }
    return count;
}

void apply_zero_mask(float* dst, std::size_t n, const std::uint8_t* is_zero) {
#pragma omp parallel for simd schedule(static) if (n >= parallel_grain)
    for (std::size_t i = 0; i < n; ++i) dst[i] = is_zero[i] != 0 ? 0.0f : dst[i];
}

}  // namespace eddl_prune::kernels
