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

// A channel is constant where every weight into it that is not 0 comes from a constant, one of 0 if zeros are padded:
// another value would be missing at the border.
void set_linear(const Linear& linear, const Constants& input, Constants& output) {
    const Connections& connections = linear.connections;
    Flags varying(connections.in);
    std::vector<double> values(connections.in);
    for (std::size_t i = 0; i < connections.in; ++i) {
        varying[i] = input.known[i] == 0 || (linear.zero_padded && input.values[i] != 0.0f);
        values[i] = varying[i] != 0 ? 0.0 : static_cast<double>(input.values[i]);
    }
    Flags varies(connections.out, 0);
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

}  // namespace

std::vector<Constants> propagate_constants(const Graph& graph) {
    std::vector<Constants> all;
    all.reserve(graph.size());
    for (const Node& node : graph.nodes()) {
        Constants output(node.channels);
        const auto input = [&]() -> const Constants& { return all[node.inputs.front()]; };
        const auto each_known = [&](auto value_of) {
            for (std::size_t c = 0; c < node.channels; ++c)
                if (input().known[c] != 0) set(output, c, value_of(static_cast<double>(input().values[c]), c));
        };
        std::visit(Overloaded{
                       [](const Source&) {},
                       [&](const Linear& linear) { set_linear(linear, input(), output); },
                       [&](const Pointwise& pointwise) {
                           each_known([&](double value, std::size_t) { return pointwise.map(value); });
                       },
                       [&](const Affine& affine) {
                           each_known([&](double value, std::size_t c) { return affine.scale[c] * value + affine.shift[c]; });
                           for (std::size_t c = 0; c < node.channels; ++c)
                               if (affine.scale[c] == 0.0) set(output, c, affine.shift[c]);
                       },
                       [&](const Window& window) {
                           for (std::size_t c = 0; c < node.channels; ++c)
                               if (input().known[c] != 0 && !(window.zero_border && input().values[c] != 0.0f))
                                   set(output, c, static_cast<double>(input().values[c]));
                       },
                       [&](const Unfold& unfold) {
                           for (std::size_t c = 0; c < node.channels; ++c)
                               if (input().known[c / unfold.size] != 0)
                                   set(output, c, static_cast<double>(input().values[c / unfold.size]));
                       },
                       [](const Opaque&) {},
                   },
                   node.operation);
        all.push_back(std::move(output));
    }
    return all;
}

}  // namespace eddl_prune::graph
