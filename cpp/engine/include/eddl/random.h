// One stream of random numbers for the whole engine.
//
// The stream is counter based: number i depends on the seed and i alone, so filling an array in parallel gives the same
// values with any number of threads. Without a call of seed_random the seed is the environment's EDDL_SEED where set,
// and otherwise differs from run to run.
#ifndef EDDL_RANDOM_H
#define EDDL_RANDOM_H

#include <cstddef>
#include <cstdint>

namespace eddl {

void seed_random(std::uint64_t seed);

// Where the stream is: seed_random(random_state()) changes nothing, and later brings the numbers from here on again.
std::uint64_t random_state();

// The next number of the stream, all 64 bits random.
std::uint64_t random_bits();

void random_uniform(float* dst, std::size_t n, float low, float high);  // in [low, high)
void random_normal(float* dst, std::size_t n, float mean, float sd);
void random_binary(float* dst, std::size_t n, float p);  // 1 with probability p, else 0

}  // namespace eddl

// EDDL's names, on the same stream.
float uniform(float min = 0.0f, float max = 1.0f);
float signed_uniform();
float gaussgen();
float slow_randn(float mean, float sd);
float fast_randn(float mean, float sd, int seed);

#endif  // EDDL_RANDOM_H
