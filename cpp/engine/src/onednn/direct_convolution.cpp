#include "onednn/direct_convolution.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
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

constexpr Index LANES = 8;           // floats in a register
constexpr int REGISTERS = 12;        // for sums: of the 16, the rest hold inputs and weights
constexpr int MOST_FILTERS = 4;      // at a time
constexpr Index CACHED = 40 * 1024;  // floats of input that are to fit the second-level cache
constexpr Index LONG_ROW = 48;       // floats that a library's call copies faster than a loop here
constexpr Index LARGE_IMAGE = 8192;  // floats: bands of its channels lie in pages of their own
constexpr Index IN_PIECES = -1;      // in place of an offset

// One axis of a convolution. Positions that are a stride apart are an image of their own, a *phase*; on it each tap of
// the kernel is a shift, as with steps of 1.
struct Axis {
    Index in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, before = 0;

    Index phases() const { return std::min(stride, (kernel - 1) * dilation + 1); }
    Index phase(Index tap) const { return tap * dilation % stride; }
    Index shift(Index tap) const { return tap * dilation / stride; }
    // Positions of a phase beyond an output's first that taps see.
    Index reach() const { return shift(kernel - 1); }
    // Where position `index` of a phase is in the image; outside of it in the padding.
    Index source(Index index, Index phase) const { return index * stride + phase - before; }
};

// A convolution of one group of one sample, its axes as depth, rows and columns.
struct Problem {
    std::array<Axis, 3> axes;
    Index channels, filters;
    Index filter_stride, channel_stride;  // of the weights; taps lie side by side
    bool flipped;                         // the last tap is the first

    Index taps() const { return axes[0].kernel * axes[1].kernel * axes[2].kernel; }
    Index weights() const { return filters * channels * taps(); }
    Index in_size() const { return axes[0].in * axes[1].in * axes[2].in; }
    Index out_size() const { return axes[0].out * axes[1].out * axes[2].out; }
};

Axis axis_of(const ConvShape& s, int axis) {
    const int i = axis - (3 - s.rank);
    if (i < 0) return {};
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

// Of `count` positions of a phase, from `begin` on, those that lie in the image: [first, last).
struct Inside {
    Index first, last;

    Inside(const Axis& a, Index phase, Index begin, Index count) {
        const Index source = a.source(begin, phase), room = a.in - 1 - source;
        first = std::clamp<Index>(ceil_div(std::max<Index>(-source, 0), a.stride), 0, count);
        last = room < 0 ? first : std::clamp<Index>(room / a.stride + 1, first, count);
    }
};

struct Band {
    Index depth, depths, row, rows;  // outputs: first, number
};

// Outputs that lie together both in a register and in the output image, at `offset` from the band's first one.
struct Piece {
    Index lane, count, depth, row, offset;
};

// Outputs are computed in bands of rows. The part of the input that a band sees is copied with its padding, so that it
// stays in the cache: the planes of an image may be so far apart that few of them do. A register of outputs may begin
// anywhere in the copy. Either each row has registers of its own, or, where that leaves fewer lanes empty, the whole
// band is one run of positions, with some between the rows that are not kept.
class Plan {
public:
    std::array<Index, 3> reach;
    Index depths, rows;           // outputs of a band
    Index depth_bands, row_bands;
    Index height, width;          // of a phase in the copy
    Index phase_size, channel_size, copy_size;
    std::vector<Inside> columns;  // of each phase
    std::vector<Index> shifts;    // of each tap within a channel of the copy
    std::vector<Index> starts;    // of each register likewise
    std::vector<Piece> pieces;    // of all registers
    std::vector<Index> firsts;    // of the pieces of each register, and of the one behind the last
    std::vector<Index> offsets;   // of the one piece of each register; IN_PIECES where it is not whole

    Plan(const Problem& p, Index tasks, Index threads) : axes_(p.axes) {
        const auto& [d, h, w] = axes_;
        reach = {d.reach(), h.reach(), w.reach()};
        const Index phases = d.phases() * h.phases() * w.phases();
        choose_bands(p.channels * phases * (w.out + reach[2]), ceil_div(threads, tasks));
        height = rows + reach[1];
        width = w.out + reach[2];
        const bool in_rows = depths * rows * ceil_div(w.out, LANES) <= ceil_div(end(depths, rows), LANES);
        if (in_rows) width = ceil_div(width, LANES) * LANES;
        phase_size = (depths + reach[0]) * height * width;
        channel_size = phases * phase_size;
        copy_size = p.channels * channel_size + LANES;  // the last register may read beyond
        for (Index phase = 0; phase < w.phases(); ++phase) columns.emplace_back(w, phase, 0, width);
        list_shifts(p.flipped);
        if (in_rows) {
            for (Index row = 0; row < depths * rows; ++row) {
                const Index start = (row / rows * height + row % rows) * width;
                for (Index x = 0; x < w.out; x += LANES) starts.push_back(start + x);
            }
        } else {
            for (Index x = 0; x < end(depths, rows); x += LANES) starts.push_back(x);
        }
        for (const Index start : starts) list_pieces(start);
        firsts.push_back(static_cast<Index>(pieces.size()));
    }

    // The band whose first outputs are these.
    Band band(Index depth, Index row) const {
        return {depth, std::min(depths, axes_[0].out - depth), row, std::min(rows, axes_[1].out - row)};
    }

    // How many registers hold the outputs of a band, which may be smaller than others.
    Index registers(const Band& band) const {
        return std::lower_bound(starts.begin(), starts.end(), end(band.depths, band.rows)) - starts.begin();
    }

private:
    // Behind the last output.
    Index end(Index band_depths, Index band_rows) const {
        return ((band_depths - 1) * height + band_rows - 1) * width + axes_[2].out;
    }

    // The copy of a band, `row_size` floats a row, is cached; and there are `wanted` bands at least.
    void choose_bands(Index row_size, Index wanted) {
        const Index all_depths = axes_[0].out, all_rows = axes_[1].out;
        rows = std::clamp<Index>(CACHED / (row_size * (1 + reach[0])) - reach[1], 1, all_rows);
        depths = rows < all_rows
                     ? 1
                     : std::clamp<Index>(CACHED / (row_size * (all_rows + reach[1])) - reach[0], 1, all_depths);
        depths = std::min(depths, ceil_div(all_depths, wanted));
        rows = std::min(rows, ceil_div(all_rows, ceil_div(wanted, ceil_div(all_depths, depths))));
        if (rows < all_rows) depths = 1;
        depth_bands = ceil_div(all_depths, depths);
        row_bands = ceil_div(all_rows, rows);
        rows = ceil_div(all_rows, row_bands);
    }

    void list_shifts(bool flipped) {
        const auto& [d, h, w] = axes_;
        for (Index a = 0; a < d.kernel; ++a)
            for (Index b = 0; b < h.kernel; ++b)
                for (Index c = 0; c < w.kernel; ++c) {
                    const Index phase = (d.phase(a) * h.phases() + h.phase(b)) * w.phases() + w.phase(c);
                    shifts.push_back(phase * phase_size + (d.shift(a) * height + h.shift(b)) * width + w.shift(c));
                }
        if (flipped) std::reverse(shifts.begin(), shifts.end());
    }

    void list_pieces(Index start) {
        const Index columns = axes_[2].out;
        const std::size_t first = pieces.size();
        firsts.push_back(static_cast<Index>(first));
        for (Index lane = 0; lane < LANES;) {
            const Index at = start + lane, column = at % width, row = at / width % height, depth = at / width / height;
            const Index here = std::min(LANES - lane, width - column), kept = std::min(here, columns - column);
            if (kept > 0 && row < rows && depth < depths) {
                pieces.push_back({lane, kept, depth, row, (depth * axes_[1].out + row) * columns + column});
            }
            lane += here;
        }
        const bool is_whole = pieces.size() > first && pieces[first].count == LANES;
        offsets.push_back(is_whole ? pieces[first].offset : IN_PIECES);
    }

    const std::array<Axis, 3>& axes_;
};

using Vector = float __attribute__((vector_size(LANES * sizeof(float))));

// Rows of an image, `stride` floats apart, of which `inside` is copied.
struct Rows {
    const float* from;  // the first float to copy
    Index stride, count;
    Index ahead;  // how far the next channel's are, or 0
};

// The next channel's row may be in another page, where no hardware looks ahead. It does within small images.
void prefetch(const Rows& rows, const float* from, Index count) {
    constexpr Index LINE = 64 / sizeof(float);
    for (Index i = 0; i < count && rows.ahead != 0; i += LINE) __builtin_prefetch(from + rows.ahead + i);
}

// To rows of the copy, with zeros around.
void copy_rows(const Rows& rows, Index step, const Inside& inside, float* to, Index width) {
    const float* from = rows.from;
    for (Index row = 0; row < rows.count; ++row, from += rows.stride, to += width) {
        std::fill_n(to, inside.first, 0.0f);
        const Index count = inside.last - inside.first;
        float* const data = to + inside.first;
        if (step == 1) {
            prefetch(rows, from, count);
            std::copy_n(from, count, data);
        } else {
            for (Index i = 0; i < count; ++i) data[i] = from[i * step];
        }
        std::fill_n(data + count, width - inside.last, 0.0f);
    }
}

// The same with steps of 1, without the calls that take longer than to copy a short row. The last register of a row may
// reach into the next one, which is written after it.
EDDL_AVX2 void copy_short_rows(const Rows& rows, const Inside& inside, float* to, Index width) {
    const float* from = rows.from;
    const Index count = inside.last - inside.first;
    const Vector zeros{};
    for (Index row = 0; row < rows.count; ++row, from += rows.stride, to += width) {
        for (Index i = 0; i < inside.first; i += LANES) __builtin_memcpy(to + i, &zeros, sizeof zeros);
        float* const data = to + inside.first;
        for (Index i = 0; i < count && count < LANES; ++i) data[i] = from[i];
        for (Index i = 0; i < count && count >= LANES; i += LANES) {
            const Index at = i < count - LANES ? i : count - LANES;
            Vector x;
            __builtin_memcpy(&x, from + at, sizeof x);
            __builtin_memcpy(data + at, &x, sizeof x);
        }
        for (Index i = inside.last; i < width; i += LANES) __builtin_memcpy(to + i, &zeros, sizeof zeros);
    }
}

void copy_band(const Problem& p, const Plan& plan, const Band& band, const float* src, float* copy) {
    const auto& [d, h, w] = p.axes;
    const Index depths = band.depths + plan.reach[0], rows = band.rows + plan.reach[1], width = plan.width;
    const Index depth_phases = d.phases(), row_phases = h.phases(), column_phases = w.phases();
    for (Index c = 0; c < p.channels; ++c, src += p.in_size()) {
        const Index ahead = c + 1 < p.channels && p.in_size() >= LARGE_IMAGE ? p.in_size() : 0;
        for (Index pd = 0; pd < depth_phases; ++pd)
            for (Index ph = 0; ph < row_phases; ++ph) {
                const Inside inside(h, ph, band.row, rows);
                const Index first_row = h.source(band.row + inside.first, ph);
                for (Index pw = 0; pw < column_phases; ++pw, copy += plan.phase_size) {
                    const Inside& columns = plan.columns[static_cast<std::size_t>(pw)];
                    for (Index i = 0; i < depths; ++i) {
                        const Index depth = d.source(band.depth + i, pd);
                        float* const to = copy + i * plan.height * width;
                        if (depth < 0 || depth >= d.in || inside.first == inside.last) {
                            std::fill_n(to, rows * width, 0.0f);
                            continue;
                        }
                        const Rows seen{src + (depth * h.in + first_row) * w.in + w.source(columns.first, pw),
                                        h.stride * w.in, inside.last - inside.first, ahead};
                        float* const data = to + inside.first * width;
                        std::fill_n(to, inside.first * width, 0.0f);
                        if (w.stride == 1 && columns.last - columns.first < LONG_ROW) {
                            copy_short_rows(seen, columns, data, width);
                        } else {
                            copy_rows(seen, w.stride, columns, data, width);
                        }
                        std::fill_n(to + inside.last * width, (rows - inside.last) * width, 0.0f);
                    }
                }
            }
    }
}

struct Operands {
    Index channels, channel_size;  // of the copy
    const Index* shifts;
    Index taps, filter_stride, channel_stride;
};

// Where the sums of a register go, those of the filters `stride` apart.
struct Target {
    float* to;
    Index stride;
};

// Sums for `filters` filters at `vectors` registers' worth of positions, which begin at `starts`. No function is called
// here: it would be compiled for another machine.
template <int filters, int vectors>
EDDL_AVX2 void sum_tile(const Operands& o, const Index* starts, const float* copy, const float* weights,
                        const float* bias, const Target* targets) {
    Index begins[vectors];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) begins[v] = starts[v];
    Vector sums[filters][vectors];
#pragma GCC unroll 16
    for (int f = 0; f < filters; ++f) {
        const float b = bias == nullptr ? 0.0f : bias[f];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) sums[f][v] = Vector{b, b, b, b, b, b, b, b};
    }
    // At least one of each: so the compiler keeps the sums in registers throughout.
    Index c = 0;
    do {
        Index t = 0;
        do {
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
                    __builtin_memcpy(&x, from + begins[v], sizeof x);
#pragma GCC unroll 16
                    for (int f = 0; f < filters; ++f) sums[f][v] += x * held[f];
                }
            } else {
                Vector held[vectors];
#pragma GCC unroll 16
                for (int v = 0; v < vectors; ++v) __builtin_memcpy(&held[v], from + begins[v], sizeof held[v]);
#pragma GCC unroll 16
                for (int f = 0; f < filters; ++f) {
                    const float k = weight[f * o.filter_stride];
                    const Vector factor{k, k, k, k, k, k, k, k};
#pragma GCC unroll 16
                    for (int v = 0; v < vectors; ++v) sums[f][v] += held[v] * factor;
                }
            }
        } while (++t < o.taps);
        copy += o.channel_size, weights += o.channel_stride;
    } while (++c < o.channels);
#pragma GCC unroll 16
    for (int f = 0; f < filters; ++f) {
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) {
            __builtin_memcpy(targets[v].to + f * targets[v].stride, &sums[f][v], sizeof(Vector));
        }
    }
}

using Tile = void (*)(const Operands&, const Index*, const float*, const float*, const float*, const Target*);

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

// A piece of the results of some filters to their images.
void put(const Piece& piece, bool add, const Target& results, float* to, Index to_stride, Index filters) {
    const float* from = results.to + piece.lane;
    for (Index f = 0; f < filters; ++f, from += results.stride, to += to_stride)
        for (Index i = 0; i < piece.count; ++i) to[i] = add ? to[i] + from[i] : from[i];
}

// What all bands share; pointers are those of a group of a sample.
struct Run {
    const float *src, *weights, *bias;
    float* dst;
    bool add;
    const std::uint8_t* idle;  // of each filter whether its weights are 0
};

// The outputs of a filter without weights.
void fill_band(const Problem& p, const Band& band, const Run& run, Index filter) {
    const Index columns = p.axes[2].out, rows = p.axes[1].out;
    const float bias = run.bias == nullptr ? 0.0f : run.bias[filter];
    float* to = run.dst + filter * p.out_size() + (band.depth * rows + band.row) * columns;
    for (Index depth = 0; depth < band.depths; ++depth, to += rows * columns)
        for (Index i = 0; i < band.rows * columns; ++i) to[i] = run.add ? to[i] + bias : bias;
}

// The outputs of `filters` filters from `first` on.
void sum_band(const Problem& p, const Plan& plan, const Band& band, const Run& run, const float* copy, Index first,
              Index filters) {
    const Index size = p.out_size(), vectors = plan.registers(band), most = REGISTERS / filters;
    const Operands o{p.channels, plan.channel_size, plan.shifts.data(), p.taps(), p.filter_stride, p.channel_stride};
    const float* const weights = run.weights + first * p.filter_stride;
    const float* const bias = run.bias == nullptr ? nullptr : run.bias + first;
    float* const dst = run.dst + first * size + (band.depth * p.axes[1].out + band.row) * p.axes[2].out;
    alignas(LANES * sizeof(float)) float results[REGISTERS * LANES];
    std::array<Target, REGISTERS> targets;
    for (Index v = 0; v < vectors; v += most) {
        const Index taken = std::min(most, vectors - v);
        const Index *const firsts = plan.firsts.data() + v, *const offsets = plan.offsets.data() + v;
        bool in_pieces = false;
        for (Index i = 0; i < taken; ++i) {
            const bool whole = !run.add && offsets[i] != IN_PIECES;
            targets[i] = whole ? Target{dst + offsets[i], size} : Target{results + i * LANES, taken * LANES};
            in_pieces = in_pieces || !whole;
        }
        const Tile tile = TILES[static_cast<std::size_t>(filters - 1)][static_cast<std::size_t>(taken - 1)];
        tile(o, plan.starts.data() + v, copy, weights, bias, targets.data());
        for (Index i = 0; i < taken && in_pieces; ++i) {
            if (!run.add && offsets[i] != IN_PIECES) continue;
            for (Index k = firsts[i]; k < firsts[i + 1]; ++k) {
                const Piece& piece = plan.pieces[static_cast<std::size_t>(k)];
                if (piece.row >= band.rows || piece.depth >= band.depths) continue;
                put(piece, run.add, targets[i], dst + piece.offset, size, filters);
            }
        }
    }
}

void run_band(const Problem& p, const Plan& plan, const Band& band, const Run& run, float* copy) {
    copy_band(p, plan, band, run.src, copy);
    for (Index f = 0; f < p.filters;) {
        Index busy = 0;
        while (f + busy < p.filters && run.idle[f + busy] == 0) ++busy;
        for (Index filters = 0; busy > 0; busy -= filters, f += filters) {
            filters = next_filters(busy);
            sum_band(p, plan, band, run, copy, f, filters);
        }
        for (; f < p.filters && run.idle[f] != 0; ++f) fill_band(p, band, run, f);
    }
}

// Of each filter of all groups whether its weights are 0, as those of a carrier are: a constant channel that stays for
// its effect at borders.
std::vector<std::uint8_t> find_idle(const Problem& p, Index groups, const float* weights) {
    std::vector<std::uint8_t> idle;
    idle.reserve(static_cast<std::size_t>(groups * p.filters));
    for (Index g = 0; g < groups; ++g, weights += p.weights())
        for (Index f = 0; f < p.filters; ++f) {
            bool all_zero = true;
            for (Index c = 0; c < p.channels && all_zero; ++c) {
                const float* const kernel = weights + f * p.filter_stride + c * p.channel_stride;
                all_zero = std::all_of(kernel, kernel + p.taps(), [](float k) { return k == 0.0f; });
            }
            idle.push_back(all_zero ? 1 : 0);
        }
    return idle;
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
    constexpr double CALL = 4000, COPIED_ROW = 10, COPIED = 0.6, GATHERED_ROW = 25, GATHERED = 2.1;
    constexpr double STORED = 6, PUT = 18;  // a register of results: whole, in pieces
    const Plan plan(p, parts, 1);
    const auto& [d, h, w] = p.axes;
    // Rows are not divided: long ones leave the cache, and a single one leaves threads without work. Each band reads
    // all weights.
    if (std::max(plan.copy_size, p.weights()) > 2 * CACHED || parts * d.out * h.out == 1) {
        return std::numeric_limits<double>::infinity();
    }
    const double planes = static_cast<double>(p.channels * d.phases() * h.phases() * w.phases());
    const double row_cycles = w.stride > 1 ? GATHERED_ROW + GATHERED * static_cast<double>(plan.width)
                                           : COPIED_ROW + COPIED * static_cast<double>(plan.width);
    const auto pieces = static_cast<double>(std::count(plan.offsets.begin(), plan.offsets.end(), IN_PIECES));
    // Gradients are added, as pieces are.
    const double result_cycles =
        p.flipped ? PUT : STORED + (PUT - STORED) * pieces / static_cast<double>(plan.offsets.size());
    double sum = 0;
    for (Index depth = 0; depth < d.out; depth += plan.depths) {
        for (Index row = 0; row < h.out; row += plan.rows) {
            const Band band = plan.band(depth, row);
            const Index vectors = plan.registers(band);
            double tiles = 0;
            for (Index f = 0, filters = 0; f < p.filters; f += filters) {
                filters = next_filters(p.filters - f);
                tiles += tile_cycles(filters, vectors);
            }
            const Index seen = (band.depths + plan.reach[0]) * (band.rows + plan.reach[1]);
            sum += tiles * static_cast<double>(p.channels * p.taps()) +
                   row_cycles * planes * static_cast<double>(seen) +
                   result_cycles * static_cast<double>(p.filters * vectors);
        }
    }
    return CALL + static_cast<double>(parts) * sum;
}

}  // namespace

double direct_forward_cycles(const ConvShape& s) { return cycles(forward_problem(s), s.batch * s.groups); }
double direct_backward_data_cycles(const ConvShape& s) { return cycles(backward_problem(s), s.batch * s.groups); }

struct DirectConvolution::Made {
    Problem problem;  // of which the plan holds a reference
    Index groups, parts, threads;
    Plan plan;

    Made(const Problem& p, const ConvShape& s)
        : problem(p), groups(s.groups), parts(static_cast<Index>(s.batch) * s.groups), threads(omp_get_max_threads()),
          plan(problem, parts, threads) {}
    Made(const Made&) = delete;
    Made& operator=(const Made&) = delete;
};

DirectConvolution::DirectConvolution(std::shared_ptr<const Made> made) : made_(std::move(made)) {}

DirectConvolution DirectConvolution::forward(const ConvShape& s) {
    return DirectConvolution(std::make_shared<Made>(forward_problem(s), s));
}

DirectConvolution DirectConvolution::backward_data(const ConvShape& s) {
    return DirectConvolution(std::make_shared<Made>(backward_problem(s), s));
}

void DirectConvolution::run(const float* src, const float* weights, const float* bias, float* dst, bool add) const {
    const Problem& p = made_->problem;
    const Plan& plan = made_->plan;
    const Index groups = made_->groups, bands = plan.depth_bands * plan.row_bands;
    const Index scratch_size = ceil_div(plan.copy_size, 2 * LANES) * 2 * LANES;  // each thread's begins a cache line
    const auto bytes = static_cast<std::size_t>(made_->threads * scratch_size) * sizeof(float);
    auto* const scratch = static_cast<float*>(scratch_memory(bytes));
    const std::vector<std::uint8_t> idle = find_idle(p, groups, weights);
    const Index work = static_cast<Index>(plan.starts.size()) * LANES * p.weights();
    parallel_for(made_->parts * bands, [&, src, weights, bias, dst](Index task) {
        const Index part = task / bands, group = part % groups;
        const Index depth = task % bands / plan.row_bands * plan.depths, row = task % plan.row_bands * plan.rows;
        const Run run{src + part * p.channels * p.in_size(), weights + group * p.weights(),
                      bias == nullptr ? nullptr : bias + group * p.filters, dst + part * p.filters * p.out_size(), add,
                      idle.data() + group * p.filters};
        run_band(p, plan, plan.band(depth, row), run, scratch + omp_get_thread_num() * scratch_size);
    }, work);
}

}  // namespace eddl::onednn
