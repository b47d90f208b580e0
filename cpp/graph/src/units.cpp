#include "eddl_prune/graph/units.h"

#include <map>
#include <numeric>
#include <utility>

namespace eddl_prune::graph {

namespace {

// Sets of numbers that grow together. A set goes by its smallest number.
class DisjointSets {
public:
    explicit DisjointSets(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), Number{0}); }

    Number find(std::size_t i) {
        auto at = static_cast<Number>(i);
        while (parent_[at] != at) at = parent_[at] = parent_[parent_[at]];
        return at;
    }

    void join(std::size_t i, std::size_t j) {
        const Number a = find(i), b = find(j);
        if (a < b)
            parent_[b] = a;
        else
            parent_[a] = b;
    }

private:
    std::vector<Number> parent_;
};

class UnitMaker {
public:
    UnitMaker(const Graph& graph, Sums sums, const Departures& departures)
        : graph_(graph), first_(first_slots(graph)), sets_(first_.back()) {
        units_.sums = sums;
        units_.departures = departures;
        units_.reasons.emplace_back();
    }

    Units make() {
        for (std::size_t n = 0; n < graph_.size(); ++n) couple(n);
        number();
        units_.members = Members(units_.of, units_.count);
        units_.pinned_by.resize(units_.count, 0);
        for (std::size_t n = 0; n < graph_.size(); ++n)
            if (!units_.departures.leaves(n)) pin(n);
        assign_groups();
        return std::move(units_);
    }

private:
    // Channels of all nodes, numbered one after the other.
    static std::vector<std::size_t> first_slots(const Graph& graph) {
        std::vector<std::size_t> first = {0};
        for (const Node& node : graph.nodes()) first.push_back(first.back() + node.channels);
        return first;
    }

    // An input and an output.
    struct Tie {
        std::size_t in, out;
    };

    static std::vector<std::size_t> present_channels(const Node& node, std::size_t group, std::size_t size) {
        std::vector<std::size_t> present;
        for (std::size_t c = group * size; c < (group + 1) * size; ++c)
            if (node.has(c)) present.push_back(c);
        return present;
    }

    // What goes together at a depthwise convolution: several groups, of one input and one output each.
    std::vector<Tie> depthwise_ties(std::size_t n, const Connections& connections) const {
        const std::size_t group_in = connections.group_in(), group_out = connections.group_out();
        std::vector<Tie> ties, gone;
        for (std::size_t g = 0; g < connections.groups; ++g) {
            const std::vector<std::size_t> in = present_channels(graph_[graph_.input_of(n)], g, group_in);
            const std::vector<std::size_t> out = present_channels(graph_[n], g, group_out);
            if (in.empty() && out.empty())
                gone.push_back({g * group_in, g * group_out});
            else if (in.size() == 1 && out.size() == 1)
                ties.push_back({in.front(), out.front()});
            else
                return {};
        }
        if (ties.size() == 1) ties.clear();
        if (group_in == 1 && group_out == 1) ties.insert(ties.end(), gone.begin(), gone.end());
        return ties;
    }

    void couple(std::size_t n) {
        const Node& node = graph_[n];
        const Departures& departures = units_.departures;
        const auto join = [&](std::size_t input, ChannelRange in, ChannelRange out) {
            if (departures.loses(n, input) || departures.leaves(n) != departures.leaves(node.inputs[input])) return;
            const std::size_t anchor = first_[n] + out.begin;
            for (std::size_t c = out.begin + 1; c < out.end; ++c) sets_.join(anchor, first_[n] + c);
            for (std::size_t c = in.begin; c < in.end; ++c) sets_.join(anchor, first_[node.inputs[input]] + c);
        };
        if (const Derived* derived = graph_.derived(n)) {
            const bool loose = derived->is_sum() && units_.sums == Sums::uneven;
            for (const ChannelMap& map : derived->maps)
                for (std::size_t q = 0; q < (map.coupled && !loose ? map.count : 0); ++q)
                    join(map.input, map.input_of(q), map.output_of(q));
        }
        if (const Linear* linear = graph_.linear(n); linear != nullptr && linear->connections.groups > 1)
            for (const Tie& tie : depthwise_ties(n, linear->connections))
                join(0, {tie.in, tie.in + 1}, {tie.out, tie.out + 1});
        for (std::size_t c = node.period; node.period != 0 && c < node.channels; ++c)
            sets_.join(first_[n] + c - node.period, first_[n] + c);
    }

    void number() {
        std::vector<Number> unit_of_root(first_.back());
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            units_.of.emplace_back().reserve(graph_[n].channels);
            for (std::size_t c = 0; c < graph_[n].channels; ++c) {
                const std::size_t slot = first_[n] + c, root = sets_.find(slot);
                if (root == slot) unit_of_root[root] = static_cast<Number>(units_.count++);
                units_.of[n].push_back(unit_of_root[root]);
            }
        }
    }

    void pin(std::size_t n) {
        const Node& node = graph_[n];
        if (std::holds_alternative<Source>(node.operation)) pin_all(n, "input of the net");
        if (const auto* opaque = std::get_if<Opaque>(&node.operation)) {
            for (const std::size_t input : node.inputs)
                pin_all(input, "read by '" + node.name + "': " + opaque->reason);
            pin_all(n, opaque->reason);
        }
        if (const Recurrent* cell = graph_.recurrent(n); cell != nullptr && !cell->states_pass.empty())
            pin_all(n, cell->states_pass);
        if (!node.pin.empty()) pin_all(n, node.pin);
    }

    // The first reason stands.
    void pin_all(std::size_t n, const std::string& reason) {
        units_.reasons.push_back(reason);
        for (const Number unit : units_.of[n])
            if (units_.pinned_by[unit] == 0) units_.pinned_by[unit] = static_cast<Number>(units_.reasons.size() - 1);
    }

    void assign_groups() {
        std::map<std::vector<Number>, std::size_t> group_of_makers;
        for (std::size_t unit = 0; unit < units_.count; ++unit) {
            std::vector<Number> makers = {units_.members[unit].front().node};
            for (const Slot& slot : units_.members[unit])
                if (graph_.derived(slot.node) == nullptr && makers.back() != slot.node) makers.push_back(slot.node);
            const auto [entry, is_new] = group_of_makers.emplace(std::move(makers), units_.groups);
            if (is_new) ++units_.groups;
            units_.group_of.push_back(static_cast<Number>(entry->second));
        }
    }

    const Graph& graph_;
    // [node] -> number of its channel 0; one past the last node: of all channels
    const std::vector<std::size_t> first_;
    DisjointSets sets_;
    Units units_;
};

}  // namespace

Members::Members(const std::vector<std::vector<Number>>& of, std::size_t units) : first_(units + 1, 0) {
    for (const std::vector<Number>& channels : of)
        for (const Number unit : channels) ++first_[unit];
    Number end = 0;
    for (Number& first : first_) first = end += first;
    slots_.resize(end);
    // From behind, so that each unit's end moves to its beginning.
    for (std::size_t n = of.size(); n-- > 0;)
        for (std::size_t c = of[n].size(); c-- > 0;)
            slots_[--first_[of[n][c]]] = {static_cast<Number>(n), static_cast<Number>(c)};
}

Units assign_units(const Graph& graph, Sums sums, const Departures& departures) {
    return UnitMaker(graph, sums, departures).make();
}

Units separate_units(const Graph& graph, Sums sums) {
    Units units;
    units.sums = sums;
    for (const Node& node : graph.nodes()) {
        std::vector<Number>& channels = units.of.emplace_back(node.channels);
        std::iota(channels.begin(), channels.end(), static_cast<Number>(units.count));
        units.count += node.channels;
    }
    return units;
}

}  // namespace eddl_prune::graph
