#include "onednn/direct_convolution.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "onednn/scratch.h"
#include "parallel.h"

// Compiled for AVX2 whatever the rest is compiled for: ask convolution_choice.h whether the machine has it.
#ifdef __x86_64__
#define EDDL_AVX2 __attribute__((target("avx2,fma")))
#else
#define EDDL_AVX2
#endif

namespace eddl::onednn {

namespace {

using Index = std::ptrdiff_t;

constexpr Index LANES = 8;      // floats in a register
constexpr int REGISTERS = 12;   // for sums: of the 16, the rest hold inputs and weights
constexpr int MOST_FILTERS = 4; // at a time

Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

// One axis of a convolution. Positions that are a stride apart are an image of their own, a *phase*; on it each tap of the
// kernel is a shift, as with steps of 1.
struct Axis {
    Index in, out, kernel, stride, dilation, before;

    Index phases() const { return std::min(stride, (kernel - 1) * dilation + 1); }
    Index phase(Index tap) const { return tap * dilation % stride; }
    Index shift(Index tap) const { return tap * dilation / stride; }
    // Positions of a phase that some taps see for so many outputs.
    Index seen(Index outputs) const { return outputs + shift(kernel - 1); }
    // Where position `index` of a phase is in the image; outside of it in the padding.
    Index source(Index index, Index phase) const { return index * stride + phase - before; }
};

// A convolution of one group of one sample, its axes as depth, rows and columns.
struct Problem {
    std::array<Axis, 3> axes;
    Index channels, filters;
    Index filter_stride, channel_stride;  // of the weights; taps lie side by side
    bool flipped;                         // the last tap is the first

    Index in_size() const { return axes[0].in * axes[1].in * axes[2].in; }
    Index out_size() const { return axes[0].out * axes[1].out * axes[2].out; }
};

Axis axis_of(const ConvShape& s, int axis) {
    const int i = axis - (3 - s.rank);
    if (i < 0) return {1, 1, 1, 1, 1, 0};
    const auto at = static_cast<std::size_t>(i);
    return {s.in[at], s.out[at], s.kernel[at], s.stride[at], s.dilation[at], s.before[at]};
}

Problem forward_problem(const ConvShape& s) {
    const Index taps = volume(s.kernel, s.rank), channels = s.in_channels / s.groups;
    return {{axis_of(s, 0), axis_of(s, 1), axis_of(s, 2)}, channels, s.out_channels / s.groups, channels * taps, taps,
            false};
}

// With steps of 1 the input's gradient is the convolution of the output's with the kernel turned round.
Problem backward_problem(const ConvShape& s) {
    Problem p = forward_problem(s);
    std::swap(p.channels, p.filters);
    std::swap(p.channel_stride, p.filter_stride);
    p.flipped = true;
    for (Axis& a : p.axes) {
        std::swap(a.in, a.out);
        a.before = (a.kernel - 1) * a.dilation - a.before;
    }
    return p;
}

// Outputs are computed in bands of rows. The part of the input that a band sees is copied with its padding, so that it
// stays in the cache and that rows lie behind each other: then the band's outputs are one run of positions, with some
// between the rows that are not kept, and registers are full whatever the width.
struct Plan {
    Index depths, rows;         // outputs of a band
    Index depth_bands, row_bands;
    Index height, width;        // of a phase in the copy
    Index phase_size, channel_size, copy_size;
    std::vector<Index> shifts;  // of each tap within a channel of the copy

    Plan(const Problem& p, Index tasks, Index threads) {
        constexpr Index CACHED = 40 * 1024;  // floats of the copy, in the second-level cache
        const auto& [d, h, w] = p.axes;
        width = w.seen(w.out);
        const Index phases = d.phases() * h.phases() * w.phases();
        const Index row_size = p.channels * phases * width;
        const auto fitting = [](const Axis& a, Index most_seen) {
            return std::clamp<Index>(most_seen - a.shift(a.kernel - 1), 1, a.out);
        };
        rows = fitting(h, CACHED / (row_size * d.seen(1)));
        depths = rows < h.out ? 1 : fitting(d, CACHED / (row_size * h.seen(rows)));
        // Enough bands that all threads have work.
        const Index wanted = ceil_div(threads, tasks);
        if (wanted > 1) {
            depths = std::min(depths, ceil_div(d.out, wanted));
            rows = std::min(rows, ceil_div(h.out, ceil_div(wanted, ceil_div(d.out, depths))));
            if (rows < h.out) depths = 1;
        }
        depth_bands = ceil_div(d.out, depths);
        row_bands = ceil_div(h.out, rows);
        rows = ceil_div(h.out, row_bands);
        height = h.seen(rows);
        phase_size = d.seen(depths) * height * width;
        channel_size = phases * phase_size;
        // The last register of a band may read beyond it.
        copy_size = ceil_div(p.channels * channel_size + LANES, LANES * 2) * LANES * 2;
        for (Index a = 0; a < d.kernel; ++a)
            for (Index b = 0; b < h.kernel; ++b)
                for (Index c = 0; c < w.kernel; ++c) {
                    const Index phase = (d.phase(a) * h.phases() + h.phase(b)) * w.phases() + w.phase(c);
                    shifts.push_back(phase * phase_size + (d.shift(a) * height + h.shift(b)) * width + w.shift(c));
                }
        if (p.flipped) std::reverse(shifts.begin(), shifts.end());
    }

    // Registers that a band's outputs of one filter fill.
    Index vectors(const Problem& p, Index band_depths, Index band_rows) const {
        return ceil_div(((band_depths - 1) * height + band_rows - 1) * width + p.axes[2].out, LANES);
    }
};

// `count` positions of a phase from a row of the image (nullptr: of padding).
void copy_row(const Axis& a, Index phase, const float* row, float* to, Index count) {
    const Index first = row == nullptr ? count : std::clamp<Index>(ceil_div(std::max<Index>(a.before - phase, 0), a.stride), 0, count);
    const Index room = a.in - 1 - a.source(0, phase);
    const Index last = room < 0 ? first : std::clamp<Index>(room / a.stride + 1, first, count);
    std::fill(to, to + first, 0.0f);
    if (a.stride == 1) {
        std::copy(row + a.source(first, phase), row + a.source(last, phase), to + first);
    } else {
        for (Index i = first; i < last; ++i) to[i] = row[a.source(i, phase)];
    }
    std::fill(to + last, to + count, 0.0f);
}

struct Band {
    Index depth, depths, row, rows;  // outputs: first, number
};

void copy_band(const Problem& p, const Plan& plan, const Band& band, const float* src, float* copy) {
    const auto& [d, h, w] = p.axes;
    const auto inside = [](Index at, const Axis& a) { return at >= 0 && at < a.in; };
    for (Index c = 0; c < p.channels; ++c, src += p.in_size()) {
        for (Index pd = 0; pd < d.phases(); ++pd)
            for (Index ph = 0; ph < h.phases(); ++ph)
                for (Index pw = 0; pw < w.phases(); ++pw, copy += plan.phase_size)
                    for (Index i = 0; i < d.seen(band.depths); ++i) {
                        const Index depth = d.source(band.depth + i, pd);
                        for (Index j = 0; j < h.seen(band.rows); ++j) {
                            const Index row = h.source(band.row + j, ph);
                            const float* from = inside(depth, d) && inside(row, h) ? src + (depth * h.in + row) * w.in : nullptr;
                            copy_row(w, pw, from, copy + (i * plan.height + j) * plan.width, plan.width);
                        }
                    }
    }
}

struct Operands {
    Index channels, channel_size;  // of the copy
    const Index* shifts;
    Index taps, filter_stride, channel_stride;
    Index result_stride;
};

using Vector = float __attribute__((vector_size(LANES * sizeof(float))));

// Sums for `filters` filters at `vectors` registers' worth of positions. No function is called here: it would be compiled
// for another machine.
template <int filters, int vectors>
EDDL_AVX2 void sum_tile(const Operands& o, const float* copy, const float* weights, const float* bias, float* result) {
    Vector sums[filters][vectors];
    for (int f = 0; f < filters; ++f) {
        const float b = bias == nullptr ? 0.0f : bias[f];
        for (int v = 0; v < vectors; ++v) sums[f][v] = Vector{b, b, b, b, b, b, b, b};
    }
    for (Index c = 0; c < o.channels; ++c, copy += o.channel_size, weights += o.channel_stride) {
        for (Index t = 0; t < o.taps; ++t) {
            const float *const from = copy + o.shifts[t], *const weight = weights + t;
            // The fewer of both are held, so that with the sums they fill 16 registers.
            if constexpr (filters <= vectors) {
                Vector held[filters];
#pragma GCC unroll 16
                for (int f = 0; f < filters; ++f) {
                    const float k = weight[f * o.filter_stride];
                    held[f] = Vector{k, k, k, k, k, k, k, k};
                }
#pragma GCC unroll 16
                for (int v = 0; v < vectors; ++v) {
                    Vector x;
                    __builtin_memcpy(&x, from + v * LANES, sizeof x);
#pragma GCC unroll 16
                    for (int f = 0; f < filters; ++f) sums[f][v] += x * held[f];
                }
            } else {
                Vector held[vectors];
#pragma GCC unroll 16
                for (int v = 0; v < vectors; ++v) __builtin_memcpy(&held[v], from + v * LANES, sizeof held[v]);
#pragma GCC unroll 16
                for (int f = 0; f < filters; ++f) {
                    const float k = weight[f * o.filter_stride];
                    const Vector factor{k, k, k, k, k, k, k, k};
#pragma GCC unroll 16
                    for (int v = 0; v < vectors; ++v) sums[f][v] += held[v] * factor;
                }
            }
        }
    }
#pragma GCC unroll 16
    for (int f = 0; f < filters; ++f) {
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) __builtin_memcpy(result + f * o.result_stride + v * LANES, &sums[f][v], sizeof(Vector));
    }
}

using Tile = void (*)(const Operands&, const float*, const float*, const float*, float*);

// Tiles of so many filters and 1, 2, … registers.
template <int filters, std::size_t... is>
constexpr std::array<Tile, REGISTERS> tiles_of(std::index_sequence<is...>) {
    return {&sum_tile<filters, static_cast<int>(is) + 1>...};
}

template <std::size_t... fs>
constexpr std::array<std::array<Tile, REGISTERS>, MOST_FILTERS> all_tiles(std::index_sequence<fs...>) {
    return {tiles_of<static_cast<int>(fs) + 1>(std::make_index_sequence<REGISTERS / (fs + 1)>())...};
}

constexpr auto TILES = all_tiles(std::make_index_sequence<MOST_FILTERS>());

// In threes and fours, as far as it goes: one or two would need more inputs for as many sums.
Index next_filters(Index left) { return left % 4 == 0 ? 4 : left <= 2 ? left : 3; }

void run_band(const Problem& p, const Plan& plan, const Band& band, const float* src, const float* weights,
              const float* bias, float* dst, bool add, float* scratch) {
    float *const copy = scratch, *const result = scratch + plan.copy_size;
    copy_band(p, plan, band, src, copy);
    const Index vectors = plan.vectors(p, band.depths, band.rows);
    const Operands o{p.channels, plan.channel_size, plan.shifts.data(), static_cast<Index>(plan.shifts.size()),
                     p.filter_stride, p.channel_stride, vectors * LANES};
    const Index columns = p.axes[2].out;
    for (Index f = 0, filters = 0; f < p.filters; f += filters) {
        filters = next_filters(p.filters - f);
        const Index most = REGISTERS / filters;
        for (Index v = 0; v < vectors; v += most) {
            const Index taken = std::min(most, vectors - v);
            TILES[static_cast<std::size_t>(filters - 1)][static_cast<std::size_t>(taken - 1)](
                o, copy + v * LANES, weights + f * p.filter_stride, bias == nullptr ? nullptr : bias + f, result + v * LANES);
        }
        for (Index i = 0; i < filters; ++i)
            for (Index depth = 0; depth < band.depths; ++depth)
                for (Index row = 0; row < band.rows; ++row) {
                    const float* const from = result + i * o.result_stride + (depth * plan.height + row) * plan.width;
                    float* const to = dst + (f + i) * p.out_size() +
                                      ((band.depth + depth) * p.axes[1].out + band.row + row) * columns;
                    if (add) {
                        for (Index x = 0; x < columns; ++x) to[x] += from[x];
                    } else {
                        std::copy_n(from, columns, to);
                    }
                }
    }
}

void convolve(const Problem& p, Index samples, Index groups, const float* src, const float* weights, const float* bias,
              float* dst, bool add) {
    const Index threads = omp_get_max_threads(), parts = samples * groups;
    const Plan plan(p, parts, threads);
    const Index vectors = plan.vectors(p, plan.depths, plan.rows), bands = plan.depth_bands * plan.row_bands;
    const Index scratch_size = plan.copy_size + MOST_FILTERS * vectors * LANES;
    float* const scratch = static_cast<float*>(scratch_memory(static_cast<std::size_t>(threads * scratch_size) * sizeof(float)));
    const Index work = vectors * LANES * p.filters * p.channels * static_cast<Index>(plan.shifts.size());
    parallel_for(parts * bands, [&, src, weights, bias, dst](Index task) {
        const Index part = task / bands, group = part % groups;
        const Index depth = task % bands / plan.row_bands * plan.depths, row = task % plan.row_bands * plan.rows;
        const Band band{depth, std::min(plan.depths, p.axes[0].out - depth), row, std::min(plan.rows, p.axes[1].out - row)};
        run_band(p, plan, band, src + part * p.channels * p.in_size(),
                 weights + group * p.filters * p.channels * static_cast<Index>(plan.shifts.size()),
                 bias == nullptr ? nullptr : bias + group * p.filters, dst + part * p.filters * p.out_size(), add,
                 scratch + omp_get_thread_num() * scratch_size);
    }, work);
}

// Of tiles, a tap of a channel each: of all registers, what multiply-adds take; of few, the latency of a sum.
double tile_cycles(Index filters, Index vectors) {
    constexpr Index PER_CYCLE = 2;  // multiply-adds of registers
    constexpr double LATENCY = 4;
    const Index most = REGISTERS / filters, left = vectors % most;
    const double whole = static_cast<double>(vectors / most * most * filters) / PER_CYCLE;
    return left == 0 ? whole : whole + std::max(LATENCY, static_cast<double>(left * filters) / PER_CYCLE);
}

// As measured: see convolution_choice.cpp.
double cycles(const Problem& p, Index parts) {
    constexpr double CALL = 4000, COPIED_ROW = 30, COPIED = 1.2, GATHERED = 2.1, RESULT = 1.2;
    const Plan plan(p, parts, 1);
    const auto& [d, h, w] = p.axes;
    const double planes = static_cast<double>(p.channels * d.phases() * h.phases() * w.phases());
    double sum = 0;
    for (Index depth = 0; depth < d.out; depth += plan.depths) {
        for (Index row = 0; row < h.out; row += plan.rows) {
            const Index depths = std::min(plan.depths, d.out - depth), rows = std::min(plan.rows, h.out - row);
            const Index vectors = plan.vectors(p, depths, rows);
            double tiles = 0;
            for (Index f = 0, filters = 0; f < p.filters; f += filters) {
                filters = next_filters(p.filters - f);
                tiles += tile_cycles(filters, vectors);
            }
            const double copied_rows = planes * static_cast<double>(d.seen(depths) * h.seen(rows));
            sum += tiles * static_cast<double>(p.channels) * static_cast<double>(plan.shifts.size()) +
                   copied_rows * (COPIED_ROW + (w.stride > 1 ? GATHERED : COPIED) * static_cast<double>(plan.width)) +
                   RESULT * static_cast<double>(p.filters * vectors * LANES);
        }
    }
    return CALL + static_cast<double>(parts) * sum;
}

}  // namespace

double direct_forward_cycles(const ConvShape& s) { return cycles(forward_problem(s), s.batch * s.groups); }
double direct_backward_data_cycles(const ConvShape& s) { return cycles(backward_problem(s), s.batch * s.groups); }

void direct_forward(const ConvShape& s, const float* src, const float* weights, const float* bias, float* dst, bool add) {
    convolve(forward_problem(s), s.batch, s.groups, src, weights, s.bias && !add ? bias : nullptr, dst, add);
}

void direct_backward_data(const ConvShape& s, const float* weights, const float* diff_dst, float* diff_src) {
    convolve(backward_problem(s), s.batch, s.groups, diff_dst, weights, nullptr, diff_src, true);
}

}  // namespace eddl::onednn
