#include "eddl_prune/graph/graph.h"

#include <stdexcept>
#include <utility>

namespace eddl_prune::graph {

std::size_t Graph::add(Node node) {
    check(node);
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
}

void Graph::check(const Node& node) const {
    const auto require = [&node](bool holds, const std::string& expected) {
        if (!holds) throw std::invalid_argument("Graph::add: node '" + node.name + "': expected " + expected);
    };
    require(node.channels > 0, "at least one channel");
    for (const std::size_t input : node.inputs)
        require(input < nodes_.size(), "inputs below " + std::to_string(nodes_.size()) + ", received " + std::to_string(input));

    const auto one_input = [&] {
        require(node.inputs.size() == 1, "one input, received " + std::to_string(node.inputs.size()));
        return nodes_[node.inputs.front()].channels;
    };
    const auto channels = [&](const char* what, std::size_t expected, std::size_t received) {
        require(expected == received, std::to_string(expected) + " " + what + ", received " + std::to_string(received));
    };
    std::visit(Overloaded{
                   [&](const Source&) { require(node.inputs.empty(), "no input"); },
                   [&](const Linear& linear) {
                       channels("input channels", linear.connections.in, one_input());
                       channels("channels", linear.connections.out, node.channels);
                   },
                   [&](const Pointwise& pointwise) {
                       channels("channels", one_input(), node.channels);
                       require(pointwise.map != nullptr, "a function");
                   },
                   [&](const Affine& affine) {
                       channels("channels", one_input(), node.channels);
                       channels("scales", node.channels, affine.scale.size());
                       channels("shifts", node.channels, affine.shift.size());
                   },
                   [&](const Window&) { channels("channels", one_input(), node.channels); },
                   [&](const Unfold& unfold) { channels("channels", one_input() * unfold.size, node.channels); },
                   [&](const Opaque& opaque) { require(!opaque.reason.empty(), "a reason"); },
               },
               node.operation);
}

}  // namespace eddl_prune::graph
