#include "eddl_prune/kernels/elementwise.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "eddl_prune/kernels/axis.h"

namespace eddl_prune::kernels {

namespace {

// How many i in [begin, end) have visit(i) = 1. The count is as wide as a float, and `visit` comes by value so that the
// compiler sees its pointers as constant: both are needed for the loop to be vectorised.
template <class Visit>
std::uint32_t count_block(std::size_t begin, std::size_t end, Visit visit) {
    std::uint32_t count = 0;
#pragma omp simd reduction(+ : count)
    for (std::size_t i = begin; i < end; ++i) count += visit(i);
    return count;
}

template <class Visit>
std::size_t count_visits(std::size_t n, Visit visit) {
    constexpr std::size_t block = 4096;
    std::size_t total = 0;
#pragma omp parallel for schedule(static) reduction(+ : total) if (n >= parallel_grain)
    for (std::size_t begin = 0; begin < n; begin += block)
        total += count_block(begin, std::min(begin + block, n), visit);
    return total;
}

template <class Predicate>
std::size_t count_if(const float* src, std::size_t n, Predicate holds) {
    return count_visits(n, [=](std::size_t i) -> std::uint32_t { return holds(src[i]) ? 1 : 0; });
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

void copy(float* dst, const float* src, std::size_t n) {
    constexpr std::size_t block = parallel_grain / 4;
#pragma omp parallel for schedule(static) if (n >= parallel_grain)
    for (std::size_t begin = 0; begin < n; begin += block)
        std::memcpy(dst + begin, src + begin, std::min(block, n - begin) * sizeof(float));
}

std::size_t count_nonzero(const float* src, std::size_t n) {
    return count_if(src, n, [](float x) { return x != 0.0f; });
}

bool is_all_zero_bits(const float* src, std::size_t n) {
    constexpr std::size_t block = 1024;  // vectorised inside, leaving early between
    for (std::size_t begin = 0; begin < n; begin += block) {
        std::uint32_t set = 0;
        for (std::size_t i = begin; i < std::min(begin + block, n); ++i) {
            std::uint32_t bits;
            std::memcpy(&bits, src + i, sizeof bits);
            set |= bits;
        }
        if (set != 0) return false;
    }
    return true;
}

std::size_t count_nonfinite(const float* src, std::size_t n) {
    return count_if(src, n, [](float x) { return is_nonfinite(x); });
}

std::size_t count_below(const float* src, std::size_t n, float threshold) {
    return count_if(src, n, [threshold](float x) { return is_newly_zero(x, threshold); });
}

std::size_t zero_below(float* dst, std::size_t n, float threshold) {
    return count_visits(n, [=](std::size_t i) -> std::uint32_t {
        const float x = dst[i];
        dst[i] = std::fabs(x) < threshold ? 0.0f : x;
        return is_newly_zero(x, threshold) ? 1 : 0;
    });
}

std::size_t build_zero_mask(const float* src, std::size_t n, std::uint8_t* is_zero) {
    return count_visits(n, [=](std::size_t i) -> std::uint32_t { return is_zero[i] = src[i] == 0.0f ? 1 : 0; });
}

void apply_zero_mask(float* dst, std::size_t n, const std::uint8_t* is_zero) {
#pragma omp parallel for simd schedule(static) if (n >= parallel_grain)
    for (std::size_t i = 0; i < n; ++i) dst[i] = is_zero[i] != 0 ? 0.0f : dst[i];
}

}  // namespace eddl_prune::kernels
