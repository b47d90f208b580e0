// What losses and metrics share: checks, and sums that do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "eddl/tensor/tensor.h"
#include "errors.h"
#include "parallel.h"

namespace eddl {

inline void require_same_shape(const std::string &function, const Tensor *T, const Tensor *Y) {
    if (T == nullptr || Y == nullptr) invalid(function, "expected a target and an output");
    if (T->shape != Y->shape)
        invalid(function, "the target has shape ", T->shape, ", the output ", Y->shape);
    if (Y->shape.empty()) invalid(function, "expected a batch, received tensors without dimensions");
}

inline std::ptrdiff_t batch_of(const Tensor *t) { return t->shape[0]; }

inline std::ptrdiff_t sample_size(const Tensor *t) {
    return t->shape[0] > 0 ? static_cast<std::ptrdiff_t>(t->size) / t->shape[0] : 0;
}

// Sum of term(i) over [0, n): in double, block by block, so that it is the same with any number of threads, and in
// lanes, so that one addition need not wait for the other.
template <typename Term>
double ordered_sum(std::ptrdiff_t n, Term term) {
    constexpr std::ptrdiff_t BLOCK = 4096, LANES = 4;
    const std::ptrdiff_t blocks = (n + BLOCK - 1) / BLOCK;
    std::vector<double> partial(static_cast<std::size_t>(blocks), 0.0);
    parallel_for(
        blocks,
        [&](std::ptrdiff_t b) {
            double lanes[LANES] = {};
            const std::ptrdiff_t end = std::min(n, (b + 1) * BLOCK);
            std::ptrdiff_t i = b * BLOCK;
            for (; i + LANES <= end; i += LANES) {
                for (std::ptrdiff_t l = 0; l < LANES; ++l) lanes[l] += static_cast<double>(term(i + l));
            }
            for (; i < end; ++i) lanes[0] += static_cast<double>(term(i));
            partial[static_cast<std::size_t>(b)] = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
        },
        BLOCK);
    double total = 0.0;
    for (double sum : partial) total += sum;
    return total;
}

// Sum over all elements of term(t, y).
template <typename Term>
double sum_pairs(const Tensor *T, const Tensor *Y, Term term) {
    const float *t = T->ptr, *y = Y->ptr;
    return ordered_sum(static_cast<std::ptrdiff_t>(Y->size), [=](std::ptrdiff_t i) { return term(t[i], y[i]); });
}

// D = slope(t, y) / batch, element by element.
template <typename Slope>
void map_delta(const Tensor *T, const Tensor *Y, Tensor *D, Slope slope) {
    const float *t = T->ptr, *y = Y->ptr;
    float *d = D->ptr;
    const float batch = static_cast<float>(batch_of(D));
    parallel_for(static_cast<std::ptrdiff_t>(Y->size), [=](std::ptrdiff_t i) { d[i] = slope(t[i], y[i]) / batch; });
}

// The sums behind the Dice coefficient of one sample.
struct Overlap {
    double both;    // Σ t·y
    double either;  // Σ t + Σ y
};

Overlap overlap(const float *t, const float *y, std::ptrdiff_t n);

// Sum over the batch of the Dice coefficients 2·both / either; 1 for a sample where both are empty.
double dice_sum(const Tensor *T, const Tensor *Y);

}  // namespace eddl
