#include "eddl_prune/graph/graph.h"

#include <stdexcept>
#include <utility>

namespace eddl_prune::graph {

namespace {

void require(const Node& node, bool holds, const std::string& expected) {
    if (!holds) throw std::invalid_argument("Graph::add: node '" + node.name + "': expected " + expected);
}

void require_equal(const Node& node, const char* what, std::size_t expected, std::size_t received) {
    require(node, expected == received,
            std::to_string(expected) + " " + what + ", received " + std::to_string(received));
}

}  // namespace

ValueOf sum_of(std::vector<ChannelMap> maps, std::vector<double> factors, std::vector<double> constants) {
    return [maps = std::move(maps), factors = std::move(factors), constants = std::move(constants)](
               const std::vector<Known>& operands, std::size_t c) {
        double sum = constants[c];
        auto operand = operands.begin();
        for (std::size_t m = 0; m < maps.size(); ++m) {
            const ChannelRange sources = maps[m].sources(c);
            if (sources.begin == sources.end) continue;
            if (!*operand) return Known();
            sum += factors[m] * **operand++;
        }
        return Known(sum);
    };
}

std::size_t Graph::add(Node node) {
    check(node);
    if (auto* linear = std::get_if<Linear>(&node.operation))
        linear->partial_taps = linear->partial_taps || inside_of(node.inputs.front()) != node.inputs.front();
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
}

void Graph::check(const Node& node) const {
    require(node, node.channels > 0, "at least one channel");
    require(node, node.period == 0 || node.channels % node.period == 0, "channels that the period divides");
    for (const std::size_t input : node.inputs)
        require(node, input < nodes_.size(),
                "inputs below " + std::to_string(nodes_.size()) + ", received " + std::to_string(input));

    const auto check_linear = [&](const Linear& linear) {
        require_equal(node, "input", 1, node.inputs.size());
        const Connections& connections = linear.connections;
        require_equal(node, "input channels", connections.in, nodes_[node.inputs.front()].channels);
        require_equal(node, "channels", connections.out, node.channels);
        require(node,
                connections.groups > 0 && connections.in % connections.groups == 0 &&
                    connections.out % connections.groups == 0,
                "channels that " + std::to_string(connections.groups) + " groups divide");
    };
    const auto check_recurrent = [&](const Recurrent& cell) {
        require(node, node.inputs.size() == 1 || (node.inputs.size() == 2 && !cell.states_pass.empty()),
                "one input, and maybe one of states");
        require(node, !cell.source || cell.states_pass.empty(), "states of its own, if they begin with 0");
        require_equal(node, "gates", cell.from_inputs.size(), cell.from_states.size());
        require(node, !cell.source || *cell.source < cell.from_inputs.size(), "a source among its gates");
        for (const auto* gates : {&cell.from_inputs, &cell.from_states})
            for (const Connections& gate : *gates) {
                const std::size_t in =
                    gates == &cell.from_inputs ? nodes_[node.inputs.front()].channels : node.channels;
                require_equal(node, "input channels", in, gate.in);
                require_equal(node, "channels", node.channels, gate.out);
                require_equal(node, "group", 1, gate.groups);
            }
    };
    const auto check_derived = [&](const Derived& derived) {
        require(node, derived.value != nullptr, "a function");
        Flags made(node.channels, 0);
        for (const ChannelMap& map : derived.maps) {
            require(node, map.input < node.inputs.size(), "maps of its inputs");
            require(node, map.out_block > 0 && map.in_block > 0, "blocks of at least one channel");
            for (const std::vector<std::size_t>* blocks : {&map.out_blocks, &map.in_blocks})
                require(node, blocks->empty() || blocks->size() == map.count, "as many blocks as pairs");
            require(node, map.out_end() <= node.channels, "maps within its channels");
            require(node, map.in_end() <= nodes_[node.inputs[map.input]].channels, "maps within its inputs' channels");
            for (std::size_t c = map.out; c < map.out_end(); ++c) made[c] = 1;
        }
        require(node, !derived.is_frame || derived.maps.size() == 1, "one input in a frame");
        require_equal(node, "factors", derived.is_sum() ? derived.maps.size() : 0, derived.factors.size());
        for (const std::uint8_t channel : made) require(node, channel != 0 || derived.is_sum(), "maps of all channels");
    };
    std::visit(Overloaded{
                   [&](const Source&) { require(node, node.inputs.empty(), "no input"); },
                   check_linear,
                   check_derived,
                   check_recurrent,
                   [&](const Opaque& opaque) { require(node, !opaque.reason.empty(), "a reason"); },
               },
               node.operation);
}

}  // namespace eddl_prune::graph
