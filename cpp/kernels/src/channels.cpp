#include "eddl_prune/kernels/channels.h"

#include <algorithm>
#include <cstring>

#include "channel_runs.h"

namespace eddl_prune::kernels {

void channel_square_sums(const float* src, AxisShape shape, double* sums) {
    std::fill(sums, sums + shape.extent, 0.0);
    add_channel_sums(src, shape, sums, [](float x) { return static_cast<double>(x) * static_cast<double>(x); });
}

void add_channel_product_sums(const float* a, const float* b, AxisShape shape, double* sums) {
    for_channel_runs(shape, [=](std::size_t begin, std::size_t end) {
        for (std::size_t o = 0; o < shape.outer; ++o)
            for (std::size_t c = begin; c < end; ++c) {
                const std::size_t first = (o * shape.extent + c) * shape.inner;
                double sum = 0.0;
                for (std::size_t i = first; i < first + shape.inner; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
                sums[c] += sum;
            }
    });
}

void channel_all_zero(const float* src, AxisShape shape, std::uint8_t* flags) {
    for_channel_runs(shape, [=](std::size_t begin, std::size_t end) {
        std::fill(flags + begin, flags + end, std::uint8_t{1});
        for (std::size_t o = 0; o < shape.outer; ++o) {
            const float* row = src + o * shape.extent * shape.inner;
            for (std::size_t c = begin; c < end; ++c) {
                if (flags[c] == 0) continue;
                const float* x = row + c * shape.inner;
                flags[c] = std::all_of(x, x + shape.inner, [](float v) { return v == 0.0f; }) ? 1 : 0;
            }
        }
    });
}

std::size_t zero_channels(float* dst, AxisShape shape, const std::size_t* channels, std::size_t n_channels) {
    std::size_t count = 0;
    const std::size_t runs = shape.outer * n_channels;
#pragma omp parallel for schedule(static) reduction(+ : count) if (runs * shape.inner >= parallel_grain)
    for (std::size_t r = 0; r < runs; ++r) {
        float* x = dst + (r / n_channels * shape.extent + channels[r % n_channels]) * shape.inner;
        count += shape.inner - static_cast<std::size_t>(std::count(x, x + shape.inner, 0.0f));
        std::fill(x, x + shape.inner, 0.0f);
    }
    return count;
}

namespace {

// Visits every (outer, k) pair: `whole` sees the run of inner elements of channel keep[k], `compact` that of k.
template <class Whole, class Compact, class Copy>
void for_kept_runs(Whole* whole, AxisShape shape, const std::size_t* keep, std::size_t n_keep, Compact* compact,
                   Copy copy) {
    const std::size_t runs = shape.outer * n_keep;
#pragma omp parallel for schedule(static) if (runs * shape.inner >= parallel_grain)
    for (std::size_t r = 0; r < runs; ++r)
        copy(whole + (r / n_keep * shape.extent + keep[r % n_keep]) * shape.inner, compact + r * shape.inner);
}

}  // namespace

void gather_axis(const float* src, AxisShape shape, const std::size_t* keep, std::size_t n_keep, float* dst) {
    for_kept_runs(src, shape, keep, n_keep, dst,
                  [bytes = shape.inner * sizeof(float)](const float* whole, float* compact) {
                      std::memcpy(compact, whole, bytes);
                  });
}

void scatter_axis(const float* src, AxisShape shape, const std::size_t* keep, std::size_t n_keep, float* dst) {
    for_kept_runs(dst, shape, keep, n_keep, src,
                  [bytes = shape.inner * sizeof(float)](float* whole, const float* compact) {
                      std::memcpy(whole, compact, bytes);
                  });
}

}  // namespace eddl_prune::kernels
