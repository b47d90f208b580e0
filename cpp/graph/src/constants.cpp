#include "eddl_prune/graph/constants.h"

#include <cmath>

namespace eddl_prune::graph {

namespace {

// A value that float cannot hold is not known: what the net makes of it is its own affair.
void set(Constants& constants, std::size_t channel, double value) {
    const auto rounded = static_cast<float>(value);
    if (!std::isfinite(rounded)) return;
    constants.known[channel] = 1;
    constants.values[channel] = rounded;
}

// A channel is constant where every weight into it that is not 0 comes from a constant, one of 0 if not all taps see it
// at every position.
void set_linear(const Node& node, const Linear& linear, const Constants& input, Constants& output) {
    const Connections& connections = linear.connections;
    Flags varying(connections.in);
    std::vector<double> values(connections.in);
    for (std::size_t i = 0; i < connections.in; ++i) {
        varying[i] = input.known[i] == 0 || (linear.partial_taps && input.values[i] != 0.0f);
        values[i] = varying[i] != 0 ? 0.0 : static_cast<double>(input.values[i]);
    }
    Flags varies(connections.out, 0);
    for (std::size_t o = 0; o < node.absent.size(); ++o) varies[o] = node.absent[o];  // nobody asks
    mark_outputs(connections, varying, varies);

    Flags constant(connections.out);
    std::vector<double> sums(connections.out);
    for (std::size_t o = 0; o < connections.out; ++o) {
        constant[o] = varies[o] == 0;
        sums[o] = linear.bias != nullptr ? static_cast<double>(linear.bias[o]) : 0.0;
    }
    add_weighted_taps(connections, values, constant, sums);
    for (std::size_t o = 0; o < connections.out; ++o)
        if (constant[o] != 0) set(output, o, sums[o]);
}

// Channels that stay at 0: all of which nothing refutes that.
void set_recurrent(const Recurrent& cell, const Constants& input, const Flags& zeroed, Constants& output) {
    if (!cell.source) return;
    Flags arrives(input.known.size());
    for (std::size_t i = 0; i < arrives.size(); ++i) arrives[i] = input.known[i] == 0 || input.values[i] != 0.0f;
    Flags moves(zeroed.size(), 0);
    mark_outputs(cell.from_inputs[*cell.source], arrives, moves);
    for (const float* biases : cell.source_biases)
        for (std::size_t o = 0; o < moves.size(); ++o) moves[o] |= static_cast<std::uint8_t>(biases[o] != 0.0f);
    for (Flags before; before != moves;) {
        before = moves;
        Flags read = moves;
        for (std::size_t o = 0; o < read.size(); ++o) read[o] &= static_cast<std::uint8_t>(zeroed[o] == 0);
        mark_outputs(cell.from_states[*cell.source], read, moves);
    }
    for (std::size_t o = 0; o < moves.size(); ++o)
        if (moves[o] == 0) set(output, o, 0.0);
}

Known same_value(const Constants& input, ChannelRange range) {
    const Known first = input.at(range.begin);
    for (std::size_t c = range.begin + 1; c < range.end; ++c)
        if (input.at(c) != first) return std::nullopt;
    return first;
}

}  // namespace

void collect_operands(const Graph& graph, const Node& node, const Derived& derived,
                      const std::vector<Constants>& constants, std::size_t channel, std::vector<Known>& operands) {
    operands.clear();
    for (const ChannelMap& map : derived.maps) {
        const ChannelRange range = map.sources(channel);
        if (!map.read || range.begin == range.end) continue;
        const std::size_t input = node.inputs[map.input];
        operands.push_back(same_value(constants[derived.sees_inside ? graph.inside_of(input) : input], range));
    }
}

std::vector<Constants> propagate_constants(const Graph& graph, const Units& units, const Flags& zeroed) {
    std::vector<Constants> all;
    all.reserve(graph.size());
    std::vector<Known> operands;
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const Node& node = graph[n];
        Constants output(node.channels);
        if (node.has_left()) {
            output.known.assign(node.channels, 1);
        } else if (const Linear* linear = graph.linear(n)) {
            set_linear(node, *linear, all[graph.inside_of(node.inputs.front())], output);
        } else if (const Derived* derived = graph.derived(n)) {
            for (std::size_t c = 0; c < node.channels; ++c) {
                if (!node.has(c)) continue;
                collect_operands(graph, node, *derived, all, c, operands);
                if (const Known value = derived->value(operands, c)) set(output, c, *value);
            }
        }
        Flags zero(node.channels);
        for (std::size_t c = 0; c < node.channels; ++c) zero[c] = zeroed[units.of[n][c]] != 0 || !node.has(c);
        if (const Recurrent* cell = graph.recurrent(n)) set_recurrent(*cell, all[node.inputs.front()], zero, output);
        for (std::size_t c = 0; c < node.channels; ++c)
            if (zero[c] != 0) set(output, c, 0.0);
        all.push_back(std::move(output));
    }
    return all;
}

}  // namespace eddl_prune::graph
