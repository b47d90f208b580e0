#include "eddl_prune/adapter/structure.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "channel_sum.h"
#include "eddl_prune/adapter/graph_reader.h"
#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/adapter/plan_applier.h"
#include "eddl_prune/graph/plan.h"
#include "eddl_prune/graph/units.h"
#include "recurrent_roles.h"
#include "unrolled_copy.h"

namespace eddl_prune::adapter {

namespace {

using Stays = std::vector<std::vector<bool>>;  // [layer][channel]

Stays staying_channels(const NetView& view, const graph::Graph& graph, const IndexLists& removed) {
    for (const auto& [name, unused] : removed) view.layer(name);
    Stays stays(graph.size());
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const std::size_t channels = graph[n].channels;
        stays[n].assign(channels, true);
        const auto found = removed.find(graph[n].name);
        if (found == removed.end()) continue;
        for (const std::int64_t channel : found->second) {
            if (channel < 0 || static_cast<std::size_t>(channel) >= channels)
                throw std::out_of_range(std::string(view.function()) + ": layer '" + graph[n].name + "': channel " +
                                        std::to_string(channel) + "; there are " + std::to_string(channels));
            stays[n][static_cast<std::size_t>(channel)] = false;
        }
    }
    return stays;
}

// Layers all of whose channels go leave; those that read them lose these inputs, and others that are named.
graph::Departures departures(const NetView& view, const graph::Graph& graph, const Stays& stays,
                             const IndexLists& lost_inputs) {
    for (const auto& [name, unused] : lost_inputs) view.layer(name);
    const auto refuse = [&](std::size_t n, const std::string& what) {
        throw std::invalid_argument(std::string(view.function()) + ": layer '" + graph[n].name + "' " + what);
    };
    graph::Departures found;
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const graph::Node& node = graph[n];
        const graph::Derived* derived = graph.derived(n);
        const bool leaves = std::find(stays[n].begin(), stays[n].end(), true) == stays[n].end();
        if (leaves && (std::holds_alternative<graph::Source>(node.operation) || !node.pin.empty()))
            refuse(n, "would lose all channels");
        found.nodes.push_back(leaves);
        graph::Flags& lost = found.inputs.emplace_back(node.inputs.size(), 0);
        if (leaves) continue;
        for (std::size_t k = 0; k < lost.size(); ++k) lost[k] = found.nodes[node.inputs[k]];
        if (const auto named = lost_inputs.find(node.name); named != lost_inputs.end())
            for (const std::int64_t k : named->second) {
                if (k < 0 || static_cast<std::size_t>(k) >= lost.size())
                    throw std::out_of_range(std::string(view.function()) + ": layer '" + node.name + "': input " +
                                            std::to_string(k) + "; there are " + std::to_string(lost.size()));
                lost[static_cast<std::size_t>(k)] = 1;
            }
        const auto count = std::count(lost.begin(), lost.end(), 1);
        if (count > 0 &&
            (derived == nullptr || !derived->loses_inputs || static_cast<std::size_t>(count) == lost.size()))
            refuse(n, "cannot do without the inputs that it would lose");
    }
    for (const graph::Requirement& required : requirements_over_time(view.layers(), graph)({}, found))
        refuse(required.node, "cannot lose all that it would: " + required.reason);
    return found;
}

// Every unit stays or goes as a whole, and pinned ones stay.
void require_whole_units(const NetView& view, const graph::Graph& graph, const Stays& stays,
                         const graph::Departures& departures) {
    const graph::Units units = graph::assign_units(graph, graph::Sums::uneven, departures);
    std::vector<bool> seen(units.count), unit_stays(units.count);
    for (std::size_t n = 0; n < graph.size(); ++n)
        for (std::size_t c = 0; c < graph[n].channels; ++c) {
            const std::size_t unit = units.of[n][c];
            if (!seen[unit]) unit_stays[unit] = stays[n][c];
            seen[unit] = true;
            if (stays[n][c] != unit_stays[unit] || (units.is_pinned(unit) && !stays[n][c]))
                throw std::invalid_argument(std::string(view.function()) + ": layer '" + graph[n].name + "': channel " +
                                            std::to_string(c) + " cannot go or stay alone");
        }
}

// A concatenation loses the channels of an input that it loses, and no others of their inputs'.
void require_lost_channels(const NetView& view, const graph::Graph& graph, const Stays& stays,
                           const graph::Departures& departures) {
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const graph::Derived* derived = graph.derived(n);
        if (derived == nullptr || derived->is_sum() || departures.leaves(n)) continue;
        for (const graph::ChannelMap& map : derived->maps)
            for (std::size_t q = 0; departures.loses(n, map.input) && q < map.count; ++q)
                if (stays[n][map.output_of(q).begin])
                    throw std::invalid_argument(std::string(view.function()) + ": layer '" + graph[n].name +
                                                "': channel " + std::to_string(map.output_of(q).begin) +
                                                " is made of an input that it loses");
    }
}

// How many groups of a convolution stay: each whole, or with as many inputs and as many outputs as the others.
std::size_t staying_groups(const NetView& view, const std::string& name, const graph::Connections& connections,
                           const std::vector<bool>& outputs, const std::vector<bool>& inputs) {
    using Counts = std::pair<std::ptrdiff_t, std::ptrdiff_t>;  // outputs and inputs of a group that stay
    const auto staying = [](const std::vector<bool>& stays, std::size_t group, std::size_t size) {
        const auto begin = stays.begin() + static_cast<std::ptrdiff_t>(group * size);
        return std::count(begin, begin + static_cast<std::ptrdiff_t>(size), true);
    };
    std::vector<Counts> groups;
    for (std::size_t g = 0; g < connections.groups; ++g) {
        const Counts counts(staying(outputs, g, connections.group_out()), staying(inputs, g, connections.group_in()));
        if (counts != Counts(0, 0)) groups.push_back(counts);
    }
    if (std::any_of(groups.begin(), groups.end(), [&](const Counts& counts) {
            return counts != groups.front() || counts.first == 0 || counts.second == 0;
        }))
        throw std::invalid_argument(std::string(view.function()) + ": layer '" + name + "' would have uneven groups");
    return groups.size();
}

// What a sum adds up when `plan` has been applied to all other layers: all that stays, or as `structure` says.
void plan_sum(const NetView& view, const graph::Node& node, const graph::Derived& derived,
              const SumStructure* structure, const graph::Plan& plan, graph::NodePlan& sum) {
    const auto require = [&](bool holds, const std::string& what) {
        if (!holds) throw std::invalid_argument(std::string(view.function()) + ": layer '" + node.name + "' " + what);
    };
    const std::vector<std::size_t>& keep = sum.keep;
    require(structure == nullptr || structure->sources.size() + sum.lost_inputs.size() == node.inputs.size(),
            "has another number of operands");
    sum.added.resize(derived.maps.size());
    for (std::size_t k = 0, operand = 0; k < node.inputs.size(); ++k) {
        if (std::binary_search(sum.lost_inputs.begin(), sum.lost_inputs.end(), k)) continue;
        const std::vector<std::int64_t>* sources = structure == nullptr ? nullptr : &structure->sources[operand++];
        const std::vector<std::size_t>& keep_in = plan.nodes[node.inputs[k]].keep;
        require((sources == nullptr ? keep_in.size() : sources->size()) == keep.size(),
                "would have operands of unequal channels");
        for (std::size_t c = 0; c < keep.size(); ++c) {
            const std::int64_t source = sources == nullptr ? static_cast<std::int64_t>(c) : (*sources)[c];
            if (source < 0) continue;
            const auto adds = [&](const graph::ChannelMap& map) {
                const graph::ChannelRange made_of = map.sources(keep[c]);
                return map.input == k && made_of.begin != made_of.end &&
                       static_cast<std::size_t>(source) < keep_in.size() &&
                       keep_in[static_cast<std::size_t>(source)] == made_of.begin;
            };
            const auto map = std::find_if(derived.maps.begin(), derived.maps.end(), adds);
            require(map != derived.maps.end(), "cannot add channel " + std::to_string(source) + " of operand " +
                                                   std::to_string(k) + " to channel " + std::to_string(c));
            sum.added[static_cast<std::size_t>(map - derived.maps.begin())].push_back(keep[c]);
        }
    }
    std::int64_t before = -1;
    for (const std::int64_t c : structure == nullptr ? std::vector<std::int64_t>() : structure->constants) {
        require(c > before && static_cast<std::size_t>(c) < keep.size(),
                "cannot have a constant of channel " + std::to_string(c));
        sum.constants.push_back({keep[static_cast<std::size_t>(c)], 0.0f});
        before = c;
    }
}

}  // namespace

SumStructures sum_structures(Net* net) {
    const NetView view(net, "sum_structures");
    SumStructures found;
    for (const Layer* layer : view.layers()) {
        const auto* sum = dynamic_cast<const ChannelSum*>(layer);
        if (sum == nullptr) continue;
        SumStructure& structure = found[layer->name];
        for (const ChannelSum::Operand& operand : sum->form().operands)
            structure.sources.emplace_back(operand.source.begin(), operand.source.end());
        structure.constants.assign(sum->form().constants.begin(), sum->form().constants.end());
    }
    return found;
}

std::shared_ptr<const void> remove_again(Net* net, const IndexLists& removed, const SumStructures& sums,
                                         const IndexLists& lost_inputs) {
    const NetView view(net, "remove_again", Purpose::structure);
    for (const auto& [name, unused] : sums) view.layer(name);
    const graph::Graph graph = read_graph(view);
    const Stays stays = staying_channels(view, graph, removed);
    const graph::Departures departing = departures(view, graph, stays, lost_inputs);
    require_whole_units(view, graph, stays, departing);
    require_lost_channels(view, graph, stays, departing);
    graph::Plan plan;
    plan.nodes.resize(graph.size());
    for (std::size_t n = 0; n < graph.size(); ++n) {
        if (departing.leaves(n)) continue;
        for (std::size_t c = 0; c < graph[n].channels; ++c)
            if (stays[n][c]) plan.nodes[n].keep.push_back(c);
        for (std::size_t k = 0; k < graph[n].inputs.size(); ++k)
            if (departing.loses(n, k)) plan.nodes[n].lost_inputs.push_back(k);
        if (const graph::Linear* linear = graph.linear(n))
            plan.nodes[n].groups =
                staying_groups(view, graph[n].name, linear->connections, stays[n], stays[graph.input_of(n)]);
    }
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const graph::Derived* sum = graph.sum(n);
        if (sum == nullptr || departing.leaves(n)) continue;
        const auto found = sums.find(graph[n].name);
        plan_sum(view, graph[n], *sum, found != sums.end() ? &found->second : nullptr, plan, plan.nodes[n]);
    }
    if (plan.is_empty(graph)) return nullptr;
    OptimizerState state(view.optimizer());
    std::shared_ptr<const void> departed = PlanApplier(view, graph, plan, state).commit();
    renew_unrolled_copy(*net);
    return departed;
}

}  // namespace eddl_prune::adapter
