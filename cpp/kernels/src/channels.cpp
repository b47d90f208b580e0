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
                for (std::size_t i = first; i < first + shape.inner; ++i)
                    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
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

// Forwards, so that a target before its source is never read after it was written.
void move_columns(float* dst, const float* row, const std::size_t* columns, std::size_t n, std::size_t first,
                  std::size_t inner) {
    if (inner == 1) {
        for (std::size_t k = 0; k < n; ++k) dst[k] = row[columns[k] - first];
        return;
    }
    for (std::size_t k = 0; k < n; ++k) {
        const float* const src = row + (columns[k] - first) * inner;
        for (std::size_t i = 0; i < inner; ++i) *dst++ = src[i];
    }
}

}  // namespace

void compact(float* data, const BlockShape& shape, const KeptBlocks& kept) noexcept {
    const std::size_t group_rows = shape.rows / shape.groups, group_columns = shape.columns / shape.groups;
    const std::size_t row_size = group_columns * shape.inner;
    const bool all_columns = kept.columns == nullptr || kept.n_columns / kept.groups == group_columns;
    if (all_columns && kept.n_rows == shape.rows) return;

    const std::size_t kept_rows = kept.n_rows / kept.groups;
    const std::size_t kept_columns = all_columns ? group_columns : kept.n_columns / kept.groups;
    for (std::size_t k = 0; k < kept.n_rows; ++k) {
        const float* const row = data + kept.rows[k] * row_size;
        float* const dst = data + k * kept_columns * shape.inner;
        if (all_columns)
            std::memmove(dst, row, row_size * sizeof(float));
        else
            move_columns(dst, row, kept.columns + k / kept_rows * kept_columns, kept_columns,
                         kept.rows[k] / group_rows * group_columns, shape.inner);
    }
}

namespace {

// to += factor · from
void add_scaled(const float* from, float factor, std::size_t n, float* to) {
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

}  // namespace

void sum_channels(const ChannelTerm* terms, std::size_t n_terms, const float* constants, AxisShape shape, float* dst) {
    const std::size_t runs = shape.outer * shape.extent, n = shape.inner;
#pragma omp parallel for schedule(static) if (runs * n >= parallel_grain)
    for (std::size_t r = 0; r < runs; ++r) {
        const std::size_t o = r / shape.extent, c = r % shape.extent;
        const auto values_of = [=](const ChannelTerm& term) {
            return term.data + (o * term.channels + static_cast<std::size_t>(term.source[c])) * n;
        };
        const auto next = [=](std::size_t t) {
            while (t < n_terms && terms[t].source[c] < 0) ++t;
            return t;
        };
        float* const to = dst + r * n;
        const float constant = constants[c];
        // The first two are read in the pass that writes; most sums have no more.
        const std::size_t first = next(0), second = next(first + 1);
        if (first >= n_terms) {
            std::fill(to, to + n, constant);
        } else if (second >= n_terms) {
            const float* const a = values_of(terms[first]);
            const float factor_a = terms[first].factor;
#pragma omp simd
            for (std::size_t i = 0; i < n; ++i) to[i] = constant + factor_a * a[i];
        } else {
            const float* const a = values_of(terms[first]);
            const float* const b = values_of(terms[second]);
            const float factor_a = terms[first].factor, factor_b = terms[second].factor;
#pragma omp simd
            for (std::size_t i = 0; i < n; ++i) to[i] = constant + factor_a * a[i] + factor_b * b[i];
        }
        for (std::size_t t = next(second + 1); t < n_terms; t = next(t + 1))
            add_scaled(values_of(terms[t]), terms[t].factor, n, to);
    }
}

void add_to_sources(const float* src, AxisShape shape, float factor, const std::ptrdiff_t* source, std::size_t channels,
                    float* into) {
    const std::size_t runs = shape.outer * shape.extent;
#pragma omp parallel for schedule(static) if (runs * shape.inner >= parallel_grain)
    for (std::size_t r = 0; r < runs; ++r)
        if (const std::ptrdiff_t channel = source[r % shape.extent]; channel >= 0)
            add_scaled(src + r * shape.inner, factor, shape.inner,
                       into + (r / shape.extent * channels + static_cast<std::size_t>(channel)) * shape.inner);
}

}  // namespace eddl_prune::kernels
