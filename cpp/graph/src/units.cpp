#include "eddl_prune/graph/units.h"

#include <map>
#include <numeric>
#include <utility>

namespace eddl_prune::graph {

namespace {

// Sets of numbers that grow together. A set goes by its smallest number.
class DisjointSets {
public:
    explicit DisjointSets(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }

    std::size_t find(std::size_t i) {
        while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
        return i;
    }

    void join(std::size_t a, std::size_t b) {
        a = find(a);
        b = find(b);
        if (a < b)
            parent_[b] = a;
        else
            parent_[a] = b;
    }

private:
    std::vector<std::size_t> parent_;
};

class UnitMaker {
public:
    UnitMaker(const Graph& graph, Sums sums, const Departures& departures)
        : graph_(graph), first_(first_slots(graph)), sets_(first_.back()) {
        units_.sums = sums;
        units_.departures = departures;
        units_.reasons.emplace_back();
    }

    Units make(const Ties& ties) {
        for (std::size_t n = 0; n < graph_.size(); ++n) couple(n, ties[n]);
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

    void couple(std::size_t n, const std::vector<Tie>& ties) {
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
        for (const Tie& tie : ties) join(0, {tie.in, tie.in + 1}, {tie.out, tie.out + 1});
        for (std::size_t c = node.period; node.period != 0 && c < node.channels; ++c)
            sets_.join(first_[n] + c - node.period, first_[n] + c);
    }

    void number() {
        std::vector<std::size_t> unit_of_root(first_.back());
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            units_.of.emplace_back().reserve(graph_[n].channels);
            for (std::size_t c = 0; c < graph_[n].channels; ++c) {
                const std::size_t slot = first_[n] + c, root = sets_.find(slot);
                if (root == slot) unit_of_root[root] = units_.count++;
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
        for (const std::size_t unit : units_.of[n])
            if (units_.pinned_by[unit] == 0) units_.pinned_by[unit] = units_.reasons.size() - 1;
    }

    void assign_groups() {
        std::map<std::vector<std::size_t>, std::size_t> group_of_makers;
        for (std::size_t unit = 0; unit < units_.count; ++unit) {
            std::vector<std::size_t> makers = {units_.members[unit].front().node};
            for (const Slot& slot : units_.members[unit])
                if (graph_.derived(slot.node) == nullptr && makers.back() != slot.node) makers.push_back(slot.node);
            const auto [entry, is_new] = group_of_makers.emplace(std::move(makers), units_.groups);
            if (is_new) ++units_.groups;
            units_.group_of.push_back(entry->second);
        }
    }

    const Graph& graph_;
    // [node] -> number of its channel 0; one past the last node: of all channels
    const std::vector<std::size_t> first_;
    DisjointSets sets_;
    Units units_;
};

}  // namespace

Members::Members(const std::vector<std::vector<std::size_t>>& of, std::size_t units) : first_(units + 1, 0) {
    for (const std::vector<std::size_t>& channels : of)
        for (const std::size_t unit : channels) ++first_[unit];
    std::size_t end = 0;
    for (std::size_t& first : first_) first = end += first;
    slots_.resize(end);
    // From behind, so that each unit's end moves to its beginning.
    for (std::size_t n = of.size(); n-- > 0;)
        for (std::size_t c = of[n].size(); c-- > 0;)
            slots_[--first_[of[n][c]]] = {static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(c)};
}

Ties depthwise_ties(const Graph& graph) {
    Ties ties(graph.size());
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const Linear* linear = graph.linear(n);
        if (linear == nullptr || linear->connections.groups == 1) continue;
        const Connections& connections = linear->connections;
        const bool depthwise = connections.group_in() == 1 && connections.group_out() == 1;
        for (std::size_t g = 0; g < (depthwise ? connections.groups : 0); ++g) ties[n].push_back({g, g});
    }
    return ties;
}

Units assign_units(const Graph& graph, Sums sums, const Departures& departures) {
    return assign_units(graph, sums, departures, depthwise_ties(graph));
}

Units assign_units(const Graph& graph, Sums sums, const Departures& departures, const Ties& ties) {
    return UnitMaker(graph, sums, departures).make(ties);
}

Units separate_units(const Graph& graph, Sums sums) {
    Units units;
    units.sums = sums;
    for (const Node& node : graph.nodes()) {
        std::vector<std::size_t>& channels = units.of.emplace_back(node.channels);
        std::iota(channels.begin(), channels.end(), units.count);
        units.count += node.channels;
    }
    return units;
}

}  // namespace eddl_prune::graph
