#include "losses/reduce.h"

namespace eddl {

Overlap overlap(const float *t, const float *y, std::ptrdiff_t n) {
    Overlap o{0.0, 0.0};
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        o.both += static_cast<double>(t[i]) * static_cast<double>(y[i]);
        o.either += static_cast<double>(t[i]) + static_cast<double>(y[i]);
    }
    return o;
}

double dice_sum(const Tensor *T, const Tensor *Y) {
    const std::ptrdiff_t n = sample_size(Y), batch = batch_of(Y);
    std::vector<double> dice(static_cast<std::size_t>(batch));
    const float *t = T->ptr, *y = Y->ptr;
    parallel_for(
        batch,
        [&](std::ptrdiff_t b) {
            const Overlap o = overlap(t + b * n, y + b * n, n);
            dice[static_cast<std::size_t>(b)] = o.either == 0.0 ? 1.0 : 2.0 * o.both / o.either;
        },
        n);
    double total = 0.0;
    for (double d : dice) total += d;
    return total;
}

}  // namespace eddl
