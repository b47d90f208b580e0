// Sharing the channels of a tensor out among threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include <omp.h>

#include "eddl_prune/kernels/axis.h"

namespace eddl_prune::kernels {

// Gives every thread one run of neighbouring channels, so that each channel is reduced by one thread in one order and
// strided columns (inner == 1) are still read in contiguous runs.
template <class Body>
void for_channel_runs(AxisShape shape, Body body) {
#pragma omp parallel if (shape.size() >= parallel_grain)
    {
        const auto threads = static_cast<std::size_t>(omp_get_num_threads());
        const auto thread = static_cast<std::size_t>(omp_get_thread_num());
        const std::size_t run = shape.extent / threads, longer = shape.extent % threads;
        const std::size_t begin = thread * run + std::min(thread, longer);
        body(begin, begin + run + (thread < longer ? 1 : 0));
    }
}

// sums[c] += Σ value(src(·, c, ·)), accumulated in double.
template <class Value>
void add_channel_sums(const float* src, AxisShape shape, double* sums, Value value) {
    for_channel_runs(shape, [=](std::size_t begin, std::size_t end) {
        for (std::size_t o = 0; o < shape.outer; ++o) {
            const float* row = src + o * shape.extent * shape.inner;
            if (shape.inner == 1) {
#pragma omp simd
                for (std::size_t c = begin; c < end; ++c) sums[c] += value(row[c]);
                continue;
            }
            for (std::size_t c = begin; c < end; ++c) {
                const float* x = row + c * shape.inner;
                double sum = 0.0;
#pragma omp simd reduction(+ : sum)
                for (std::size_t i = 0; i < shape.inner; ++i) sum += value(x[i]);
                sums[c] += sum;
            }
        }
    });
}

}  // namespace eddl_prune::kernels
