// The engine's random stream: SplitMix64 (Steele, Lea and Flood, 2014), whose i-th number is a mix of seed + i·γ and so
// can be drawn at any position.
#include "eddl/random.h"

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <random>

#include "parallel.h"
#include "tensor/support.h"

namespace {

constexpr std::uint64_t GAMMA = 0x9e3779b97f4a7c15u;

std::uint64_t initial_state() {
    if (const char* seed = std::getenv("EDDL_SEED")) return std::strtoull(seed, nullptr, 10);
    std::random_device entropy;
    return (std::uint64_t{entropy()} << 32) | entropy();
}

// The seed plus γ for each number drawn.
std::atomic<std::uint64_t>& state() {
    static std::atomic<std::uint64_t> value{initial_state()};
    return value;
}

// Takes the next n numbers of the stream; number i is mix(result + i·γ).
std::uint64_t take(std::uint64_t n) { return state().fetch_add(n * GAMMA); }

std::uint64_t mix(std::uint64_t z) {
    z += GAMMA;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// In [0, 1), 24 bits: as many as a float holds there.
float unit(std::uint64_t bits) { return static_cast<float>(bits >> 40) * 0x1p-24f; }

// Box and Muller's method on the two halves of a number; the first lies in (0, 1].
float normal(std::uint64_t bits) {
    const double u = (static_cast<double>(bits >> 32) + 1.0) * 0x1p-32;
    const double v = static_cast<double>(bits & 0xffffffffu) * 0x1p-32;
    constexpr double TWO_PI = 6.283185307179586;
    return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(TWO_PI * v));
}

// dst[i] = make(the i-th of n new numbers)
template <typename Make>
void fill_from_stream(float* dst, std::size_t n, Make make) {
    const std::uint64_t start = take(n);
    eddl::parallel_for(static_cast<std::ptrdiff_t>(n), [=](std::ptrdiff_t i) {
        dst[i] = make(mix(start + static_cast<std::uint64_t>(i) * GAMMA));
    });
}

}  // namespace

namespace eddl {

void seed_random(std::uint64_t seed) { state() = seed; }

std::uint64_t random_state() { return state(); }

std::uint64_t random_bits() { return mix(take(1)); }

void random_uniform(float* dst, std::size_t n, float low, float high) {
    fill_from_stream(dst, n, [=](std::uint64_t bits) { return low + (high - low) * unit(bits); });
}

void random_normal(float* dst, std::size_t n, float mean, float sd) {
    fill_from_stream(dst, n, [=](std::uint64_t bits) { return mean + sd * normal(bits); });
}

void random_binary(float* dst, std::size_t n, float p) {
    fill_from_stream(dst, n, [=](std::uint64_t bits) { return unit(bits) < p ? 1.0f : 0.0f; });
}

}  // namespace eddl

float uniform(float min, float max) { return min + (max - min) * unit(eddl::random_bits()); }
float signed_uniform() { return uniform(-1.0f, 1.0f); }
float gaussgen() { return normal(eddl::random_bits()); }
float slow_randn(float mean, float sd) { return mean + sd * gaussgen(); }
float fast_randn(float mean, float sd, int) { return slow_randn(mean, sd); }

#define EDDL_DEFINE(name, formula)                                                         \
    void Tensor::name##_(float v) {                                                        \
        float* dst = ptr;                                                                  \
        const std::size_t n = size;                                                        \
        formula;                                                                           \
    }                                                                                      \
    Tensor* Tensor::name(float v) {                                                        \
        return eddl::make_tensor(shape, [v](Tensor* result) { result->name##_(v); });      \
    }
EDDL_RANDOM_FILLS(EDDL_DEFINE)
#undef EDDL_DEFINE

void Tensor::fill_rand_normal_(float m, float s, bool) { eddl::random_normal(ptr, size, m, s); }

Tensor* Tensor::fill_rand_normal(float m, float s, bool fast_math) {
    return eddl::make_tensor(shape, [=](Tensor* result) { result->fill_rand_normal_(m, s, fast_math); });
}
