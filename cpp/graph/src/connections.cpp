#include "eddl_prune/graph/connections.h"

#include <algorithm>
#include <utility>

namespace eddl_prune::graph {

namespace {

// One group's weights as rows × columns of blocks of `taps`, whichever of the two are the outputs.
struct Blocks {
    const float* weights;
    std::size_t first_row, first_column;  // among all rows and columns of the layer
    std::size_t rows, columns, taps;

    const float* at(std::size_t row, std::size_t column) const { return weights + (row * columns + column) * taps; }
};

template <class Visit>
void for_each_group(const Connections& c, Visit visit) {
    const bool rows_are_outputs = c.layout == Layout::out_in;
    const std::size_t rows = rows_are_outputs ? c.group_out() : c.group_in();
    const std::size_t columns = rows_are_outputs ? c.group_in() : c.group_out();
    for (std::size_t g = 0; g < c.groups; ++g)
        visit(Blocks{c.weights + g * rows * columns * c.taps, g * rows, g * columns, rows, columns, c.taps});
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

// Of set flags among the `n` from `first` on, numbered from there.
std::vector<Run> runs_of(const Flags& flags, std::size_t first, std::size_t n) {
    std::vector<Run> runs;
    for (std::size_t i = 0; i < n;) {
        if (flags[first + i] == 0) {
            ++i;
            continue;
        }
        const std::size_t begin = i;
        while (i < n && flags[first + i] != 0) ++i;
        runs.push_back({begin, i - begin});
    }
    return runs;
}

void mark_rows(const Blocks& blocks, const Flags& columns, Flags& rows) {
    const std::vector<Run> runs = runs_of(columns, blocks.first_column, blocks.columns);
    for (std::size_t r = 0; r < blocks.rows; ++r) {
        std::uint8_t& row = rows[blocks.first_row + r];
        // A dead row is told fastest as a whole, and most others by their first run.
        if (row == 0 && any_nonzero(blocks.at(r, 0), blocks.columns * blocks.taps))
            row = std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
                return any_nonzero(blocks.at(r, run.begin), run.size * blocks.taps);
            });
    }
}

void mark_columns(const Blocks& blocks, const Flags& rows, Flags& columns) {
    const auto begin = columns.begin() + static_cast<std::ptrdiff_t>(blocks.first_column);
    auto missing = static_cast<std::size_t>(std::count(begin, begin + static_cast<std::ptrdiff_t>(blocks.columns), 0));
    for (std::size_t r = 0; r < blocks.rows && missing != 0; ++r) {
        if (rows[blocks.first_row + r] == 0) continue;
        for (std::size_t c = 0; c < blocks.columns; ++c) {
            std::uint8_t& column = columns[blocks.first_column + c];
            if (column == 0 && any_nonzero(blocks.at(r, c), blocks.taps)) {
                column = 1;
                --missing;
            }
        }
    }
}

// --- with edits ---

void clear(Flags& flags, const Flags& where) {
    for (std::size_t i = 0; i < where.size(); ++i) flags[i] &= static_cast<std::uint8_t>(where[i] == 0);
}

// Calls visit(output, its taps).
template <class Visit>
void for_each_output(const Connections& c, const Edits::Column& column, Visit visit) {
    const std::size_t first = column.input / c.group_in() * c.group_out();
    for (std::size_t o = 0; o < c.group_out(); ++o) visit(first + o, column.weights.data() + o * c.taps);
}

// Without the edits.
Connections unedited(Connections connections) {
    connections.edits = nullptr;
    return connections;
}

void mark_edited_outputs(const Connections& c, const Flags& from, Flags& into) {
    const Edits& edits = *c.edits;
    Flags plain = from, found = into;
    clear(plain, edits.cleared_inputs);
    for (const Edits::Column& column : edits.columns) plain[column.input] = 0;
    mark_outputs(unedited(c), plain, found);
    clear(found, edits.cleared_outputs);
    for (std::size_t o = 0; o < into.size(); ++o) into[o] |= found[o];
    for (const Edits::Column& column : edits.columns)
        if (from[column.input] != 0)
            for_each_output(c, column, [&](std::size_t o, const float* taps) {
                into[o] |= static_cast<std::uint8_t>(any_nonzero(taps, c.taps));
            });
}

void mark_edited_inputs(const Connections& c, const Flags& from, Flags& into) {
    const Edits& edits = *c.edits;
    Flags plain = from, found = into;
    clear(plain, edits.cleared_outputs);
    // What is known already is not looked at.
    for (std::size_t i = 0; i < found.size(); ++i) found[i] |= edits.cleared_inputs[i];
    for (const Edits::Column& column : edits.columns) found[column.input] = 1;
    mark_inputs(unedited(c), plain, found);
    for (std::size_t i = 0; i < found.size(); ++i)
        if (edits.cleared_inputs[i] != 0) found[i] = into[i];
    for (const Edits::Column& column : edits.columns) {
        found[column.input] = into[column.input];
        for_each_output(c, column, [&](std::size_t o, const float* taps) {
            if (from[o] != 0) found[column.input] |= static_cast<std::uint8_t>(any_nonzero(taps, c.taps));
        });
    }
    into = std::move(found);
}

double sum_of_taps(const float* weights, std::size_t taps) {
    double sum = 0.0;
    for (std::size_t t = 0; t < taps; ++t) sum += static_cast<double>(weights[t]);
    return sum;
}

void add_edited_taps(const Connections& c, const std::vector<double>& values, const Flags& outputs,
                     std::vector<double>& sums) {
    const Edits& edits = *c.edits;
    std::vector<double> plain = values;
    Flags rows = outputs;
    clear(rows, edits.cleared_outputs);
    for (std::size_t i = 0; i < plain.size(); ++i)
        if (edits.cleared_inputs[i] != 0) plain[i] = 0.0;
    for (const Edits::Column& column : edits.columns) plain[column.input] = 0.0;
    add_weighted_taps(unedited(c), plain, rows, sums);
    for (const Edits::Column& column : edits.columns)
        for_each_output(c, column, [&](std::size_t o, const float* taps) {
            if (rows[o] != 0) sums[o] += values[column.input] * sum_of_taps(taps, c.taps);
        });
}

}  // namespace

void mark_outputs(const Connections& connections, const Flags& from, Flags& into) {
    if (connections.edits != nullptr) return mark_edited_outputs(connections, from, into);
    const auto mark = connections.layout == Layout::out_in ? mark_rows : mark_columns;
    for_each_group(connections, [&](const Blocks& blocks) { mark(blocks, from, into); });
}

void mark_inputs(const Connections& connections, const Flags& from, Flags& into) {
    if (connections.edits != nullptr) return mark_edited_inputs(connections, from, into);
    const auto mark = connections.layout == Layout::out_in ? mark_columns : mark_rows;
    for_each_group(connections, [&](const Blocks& blocks) { mark(blocks, from, into); });
}

void add_weighted_taps(const Connections& connections, const std::vector<double>& values, const Flags& outputs,
                       std::vector<double>& sums) {
    if (connections.edits != nullptr) return add_edited_taps(connections, values, outputs, sums);
    const bool rows_are_outputs = connections.layout == Layout::out_in;
    const auto counts = [&](std::size_t channel, bool is_output) {
        return is_output ? outputs[channel] != 0 : values[channel] != 0.0;
    };
    std::vector<std::size_t> columns;  // those that count, so that the innermost loop need not ask
    for_each_group(connections, [&](const Blocks& blocks) {
        columns.clear();
        for (std::size_t c = 0; c < blocks.columns; ++c)
            if (counts(blocks.first_column + c, !rows_are_outputs)) columns.push_back(c);
        for (std::size_t r = 0; r < blocks.rows; ++r) {
            const std::size_t row = blocks.first_row + r;
            if (!counts(row, rows_are_outputs)) continue;
            double sum = 0.0;  // of a row of outputs
            for (const std::size_t c : columns) {
                const std::size_t column = blocks.first_column + c;
                const double taps = sum_of_taps(blocks.at(r, c), blocks.taps);
                if (rows_are_outputs)
                    sum += values[column] * taps;
                else
                    sums[column] += values[row] * taps;
            }
            if (rows_are_outputs) sums[row] += sum;
        }
    });
}

}  // namespace eddl_prune::graph
