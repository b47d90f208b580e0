#include "eddl_prune/graph/connections.h"

#include <algorithm>

namespace eddl_prune::graph {

namespace {

// The weights as rows × columns of blocks of `taps`, whichever of the two are the outputs.
struct Blocks {
    const float* weights;
    std::size_t rows, columns, taps;

    const float* at(std::size_t row, std::size_t column) const { return weights + (row * columns + column) * taps; }
};

Blocks blocks_of(const Connections& c) {
    return c.layout == Layout::out_in ? Blocks{c.weights, c.out, c.in, c.taps} : Blocks{c.weights, c.in, c.out, c.taps};
}

bool any_nonzero(const float* values, std::size_t n) {
    constexpr std::size_t chunk = 512;  // vectorised inside, leaving early between
    for (std::size_t begin = 0; begin < n; begin += chunk) {
        const std::size_t end = std::min(n, begin + chunk);
        unsigned found = 0;
        for (std::size_t i = begin; i < end; ++i) found |= static_cast<unsigned>(values[i] != 0.0f);
        if (found != 0) return true;
    }
    return false;
}

struct Run {
    std::size_t begin, size;
};

std::vector<Run> runs_of(const Flags& flags) {
    std::vector<Run> runs;
    for (std::size_t i = 0; i < flags.size();) {
        if (flags[i] == 0) {
            ++i;
            continue;
        }
        const std::size_t begin = i;
        while (i < flags.size() && flags[i] != 0) ++i;
        runs.push_back({begin, i - begin});
    }
    return runs;
}

void mark_rows(const Blocks& blocks, const Flags& columns, Flags& rows) {
    const std::vector<Run> runs = runs_of(columns);
    for (std::size_t r = 0; r < blocks.rows; ++r)
        if (rows[r] == 0)
            rows[r] = std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
                return any_nonzero(blocks.at(r, run.begin), run.size * blocks.taps);
            });
}

void mark_columns(const Blocks& blocks, const Flags& rows, Flags& columns) {
    auto missing = static_cast<std::size_t>(std::count(columns.begin(), columns.end(), 0));
    for (std::size_t r = 0; r < blocks.rows && missing != 0; ++r) {
        if (rows[r] == 0) continue;
        for (std::size_t c = 0; c < blocks.columns; ++c)
            if (columns[c] == 0 && any_nonzero(blocks.at(r, c), blocks.taps)) {
                columns[c] = 1;
                --missing;
            }
    }
}

}  // namespace

void mark_outputs(const Connections& connections, const Flags& from, Flags& into) {
    (connections.layout == Layout::out_in ? mark_rows : mark_columns)(blocks_of(connections), from, into);
}

void mark_inputs(const Connections& connections, const Flags& from, Flags& into) {
    (connections.layout == Layout::out_in ? mark_columns : mark_rows)(blocks_of(connections), from, into);
}

void add_weighted_taps(const Connections& connections, const std::vector<double>& values, const Flags& outputs,
                       std::vector<double>& sums) {
    const Blocks blocks = blocks_of(connections);
    const bool rows_are_outputs = connections.layout == Layout::out_in;
    for (std::size_t r = 0; r < blocks.rows; ++r) {
        if (rows_are_outputs ? outputs[r] == 0 : values[r] == 0.0) continue;
        for (std::size_t c = 0; c < blocks.columns; ++c) {
            const std::size_t o = rows_are_outputs ? r : c;
            const std::size_t i = rows_are_outputs ? c : r;
            if (outputs[o] == 0 || values[i] == 0.0) continue;
            double taps = 0.0;
            for (std::size_t t = 0; t < blocks.taps; ++t) taps += static_cast<double>(blocks.at(r, c)[t]);
            sums[o] += values[i] * taps;
        }
    }
}

}  // namespace eddl_prune::graph
