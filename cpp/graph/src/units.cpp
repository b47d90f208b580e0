#include "eddl_prune/graph/units.h"

#include <numeric>

namespace eddl_prune::graph {

namespace {

class UnitMaker {
public:
    explicit UnitMaker(const Graph& graph) : graph_(graph) { units_.reasons.emplace_back(); }

    Units make() {
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            const Node& node = graph_[n];
            std::visit(Overloaded{
                           [&](const Source&) { start_group(node, "input of the net"); },
                           [&](const Linear&) { start_group(node, ""); },
                           [&](const Pointwise&) { same_channels(node, 1); },
                           [&](const Affine&) { same_channels(node, 1); },
                           [&](const Window&) { same_channels(node, 1); },
                           [&](const Unfold& unfold) { same_channels(node, unfold.size); },
                           [&](const Opaque& opaque) {
                               for (const std::size_t input : node.inputs) pin(input, "read by '" + node.name + "': " + opaque.reason);
                               start_group(node, opaque.reason);
                           },
                       },
                       node.operation);
            if (!node.pin.empty()) pin(n, node.pin);
        }
        return std::move(units_);
    }

private:
    void start_group(const Node& node, const std::string& reason) {
        std::vector<std::size_t> fresh(node.channels);
        std::iota(fresh.begin(), fresh.end(), units_.count);
        units_.count += node.channels;
        units_.pinned_by.resize(units_.count, 0);
        units_.of.push_back(std::move(fresh));
        units_.group_of.push_back(units_.groups++);
        if (!reason.empty()) pin(units_.of.size() - 1, reason);
    }

    // Output channel c is input channel c / block.
    void same_channels(const Node& node, std::size_t block) {
        const std::vector<std::size_t>& input = units_.of[node.inputs.front()];
        std::vector<std::size_t> same(node.channels);
        for (std::size_t c = 0; c < node.channels; ++c) same[c] = input[c / block];
        units_.of.push_back(std::move(same));
        units_.group_of.push_back(units_.group_of[node.inputs.front()]);
    }

    // The first reason stands.
    void pin(std::size_t node, const std::string& reason) {
        units_.reasons.push_back(reason);
        for (const std::size_t unit : units_.of[node])
            if (units_.pinned_by[unit] == 0) units_.pinned_by[unit] = units_.reasons.size() - 1;
    }

    const Graph& graph_;
    Units units_;
};

}  // namespace

Units assign_units(const Graph& graph) { return UnitMaker(graph).make(); }

}  // namespace eddl_prune::graph
