// Whole channels of a tensor: norms, zeroing, dead-channel flags, and taking some out.
// All results are independent of the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "eddl_prune/kernels/axis.h"

namespace eddl_prune::kernels {

// sums[c] = Σ src(·, c, ·)², accumulated in double. `sums` has shape.extent entries.
void channel_square_sums(const float* src, AxisShape shape, double* sums);

// Adds Σ a·b over each channel to sums[channel].
void add_channel_product_sums(const float* a, const float* b, AxisShape shape, double* sums);

// flags[c] = 1 where every element of channel c is exactly ±0 (a NaN is not), else 0; a channel without elements is
// all zero. `flags` has shape.extent entries.
void channel_all_zero(const float* src, AxisShape shape, std::uint8_t* flags);

// Sets every element of the given channels to 0; returns how many were not 0 before. No channel may occur twice.
std::size_t zero_channels(float* dst, AxisShape shape, const std::size_t* channels, std::size_t n_channels);

// A tensor [rows, columns / groups, inner]: the g-th part of the rows holds only the g-th part of the columns.
struct BlockShape {
    std::size_t rows = 0, columns = 1, inner = 1, groups = 1;
};

// The rows and columns of one that stay, each numbered over all groups and ascending. Groups may go as wholes; each of
// the `groups` that stay keeps as many rows, and as many columns, as the others. columns == nullptr: all of them.
struct KeptBlocks {
    const std::size_t* rows = nullptr;
    std::size_t n_rows = 0;
    const std::size_t* columns = nullptr;
    std::size_t n_columns = 0;
    std::size_t groups = 1;
};

// Moves what stays to the front, in order and in one thread: data then begins with [n_rows, n_columns / groups, inner].
void compact(float* data, const BlockShape& shape, const KeptBlocks& kept) noexcept;

// A tensor {outer, channels, inner} of which some channels are added to those of another, each times `factor`.
struct ChannelTerm {
    const float* data = nullptr;
    std::size_t channels = 0;
    float factor = 1.0f;
    const std::ptrdiff_t* source = nullptr;  // [channel of the sum]: the channel that is added there; -1: none
};

// dst(o, c, i) = constants[c] + Σ factor · data(o, source[c], i) over all terms. `constants` has shape.extent entries.
void sum_channels(const ChannelTerm* terms, std::size_t n_terms, const float* constants, AxisShape shape, float* dst);

// The other way round, for one term: into(o, source[c], i) += factor · src(o, c, i) where source[c] is not -1; `shape`
// is src's, `into` has `channels` channels. No source may occur twice.
void add_to_sources(const float* src, AxisShape shape, float factor, const std::ptrdiff_t* source, std::size_t channels,
                    float* into);

}  // namespace eddl_prune::kernels
