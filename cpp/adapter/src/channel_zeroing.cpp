#include "eddl_prune/adapter/channel_zeroing.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "channel_lists.h"
#include "eddl_prune/adapter/graph_reader.h"
#include "eddl_prune/adapter/plan_applier.h"
#include "eddl_prune/graph/constants.h"
#include "eddl_prune/kernels/channels.h"

namespace eddl_prune::adapter {

namespace {

using Channels = std::vector<std::size_t>;

// By layer, ascending.
std::vector<Channels> channels_of(const graph::Graph& graph, const graph::Units& units,
                                  const std::vector<std::size_t>& chosen) {
    std::vector<graph::Flags> flags;
    for (const graph::Node& node : graph.nodes()) flags.emplace_back(node.channels, 0);
    for (const std::size_t unit : chosen)
        for (const graph::Slot& slot : units.members[unit]) flags[slot.node][slot.channel] = 1;
    std::vector<Channels> channels(graph.size());
    for (std::size_t n = 0; n < graph.size(); ++n)
        for (std::size_t c = 0; c < graph[n].channels; ++c)
            if (flags[n][c] != 0) channels[n].push_back(c);
    return channels;
}

// Those of a layer that have parameters, which become 0.
Channels zero_parameters(Layer* layer, std::size_t position, const Channels& channels) {
    Channels zeroed;
    for (const ChannelParameter& parameter : channel_parameters(layer, position)) {
        const OutputBlock& block = parameter.block;
        const Channels inside = channels_inside(block, channels);
        kernels::zero_channels(parameter.tensor->ptr + block.offset, block.shape, inside.data(), inside.size());
        for (const std::size_t c : inside) zeroed.push_back(block.first_channel + c);
    }
    std::sort(zeroed.begin(), zeroed.end());
    zeroed.erase(std::unique(zeroed.begin(), zeroed.end()), zeroed.end());
    return zeroed;
}

// A plan that removes nothing, but makes the weights 0 that read one of the channels, unless it is 0.
graph::Plan plan_muting(const graph::Graph& graph, const std::vector<Channels>& channels) {
    const graph::Units units = graph::assign_units(graph);
    const std::vector<graph::Constants> constants =
        graph::propagate_constants(graph, units, graph::Flags(units.count, 0));
    const auto not_zero = [&](std::size_t n) {
        Channels found;
        for (const std::size_t c : channels[n])
            if (constants[n].known[c] == 0 || constants[n].is_nonzero(c)) found.push_back(c);
        return found;
    };
    graph::Plan plan;
    plan.nodes.resize(graph.size());
    for (std::size_t n = 0; n < graph.size(); ++n) {
        graph::NodePlan& node = plan.nodes[n];
        node.keep.resize(graph[n].channels);
        std::iota(node.keep.begin(), node.keep.end(), std::size_t{0});
        const graph::Linear* const linear = graph.linear(n);
        const graph::Recurrent* const cell = graph.recurrent(n);
        if (linear != nullptr) node.groups = linear->connections.groups;
        if (linear != nullptr || cell != nullptr) node.cleared = not_zero(graph.input_of(n));
        if (cell != nullptr) node.forgotten = not_zero(n);
    }
    return plan;
}

}  // namespace

PerLayer<std::vector<std::size_t>> zero_coupled_channels(Net* net, const ChannelLists& named) {
    const NetView view(net, "zero_channels", Purpose::structure);
    view.require_finite();
    std::vector<Channels> channels;
    {
        const graph::Graph graph = read_graph(view);
        plan_without(view, graph, graph::Sums::even, named);  // refuses what cannot be 0
        const graph::Units units = graph::assign_units(graph);
        channels = channels_of(graph, units, named_units(view, graph, units, named));
    }
    OptimizerState state(view.optimizer());
    PerLayer<Channels> zeroed;
    for (std::size_t n = 0; n < channels.size(); ++n)
        if (Channels of_layer = zero_parameters(view.layers()[n], n, channels[n]); !of_layer.empty())
            zeroed.emplace_back(view.layers()[n]->name, std::move(of_layer));

    const graph::Graph graph = read_graph(view);  // which knows the values of batch norms
    const graph::Plan plan = plan_muting(graph, channels);
    if (!plan.is_empty(graph)) PlanApplier(view, graph, plan, state).commit();
    return zeroed;
}

}  // namespace eddl_prune::adapter
