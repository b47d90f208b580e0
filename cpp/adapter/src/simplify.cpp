#include "eddl_prune/adapter/simplify.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "channel_lists.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl_prune/adapter/batch_norm_folding.h"
#include "eddl_prune/adapter/errors.h"
#include "eddl_prune/adapter/graph_reader.h"
#include "eddl_prune/adapter/plan_applier.h"
#include "eddl_prune/adapter/stats.h"
#include "eddl_prune/graph/plan.h"
#include "unrolled_copy.h"

namespace eddl_prune::adapter {

namespace {

std::vector<std::size_t> missing_from(const std::vector<std::size_t>& keep, std::size_t channels) {
    std::vector<std::size_t> missing;
    for (std::size_t c = 0, k = 0; c < channels; ++c) {
        if (k < keep.size() && keep[k] == c)
            ++k;
        else
            missing.push_back(c);
    }
    return missing;
}

// The graph, the plan and what they mean for each layer.
class Removal {
public:
    // Channels of `zeroed` are 0 to those who read them.
    Removal(const NetView& view, bool uneven_sums, const ChannelLists& zeroed = {})
        : view_(view), graph_((view.require_finite(), read_graph(view))), sizes_(layer_sizes(view)) {
        make_plan(uneven_sums ? graph::Sums::uneven : graph::Sums::even, zeroed);
        // The constants of uneven sums are parameters. That they are more than what goes takes a net made for it.
        if (uneven_sums && grows()) make_plan(graph::Sums::even, zeroed);
        for (const graph::GroupPlan& group : plan_.groups) add_group(group);
        add_pinned();
    }

    // Whether there was anything to remove.
    bool apply(OptimizerState& state) {
        if (plan_.is_empty(graph_)) return false;
        PlanApplier applier(view_, graph_, plan_, state);
        report_.departed = applier.commit();
        return true;
    }

    const RemovalReport& report() const { return report_; }

private:
    void make_plan(graph::Sums sums, const ChannelLists& zeroed) {
        graph::PlannedUnits planned = plan_without(view_, graph_, sums, zeroed);
        units_ = std::move(planned.units);
        plan_ = std::move(planned.plan);
        report_.layers.clear();
        for (std::size_t n = 0; n < graph_.size(); ++n) report_.layers.push_back(layer_removal(n, sizes_[n]));
    }

    bool grows() const {
        std::size_t before = 0, after = 0;
        for (const LayerRemoval& layer : report_.layers) {
            before += layer.parameters_before;
            after += layer.parameters_after;
        }
        return after > before;
    }

    LayerRemoval layer_removal(std::size_t n, const LayerSizes& sizes) const {
        const graph::NodePlan& plan = plan_.nodes[n];
        LayerRemoval layer;
        layer.name = sizes.name;
        layer.kind = sizes.kind;
        layer.inputs = graph_[n].inputs;
        layer.channels_before = graph_[n].channels;
        layer.channels_after = plan.keep.size();
        layer.removed = missing_from(plan.keep, graph_[n].channels);
        layer.parameters_before = sizes.parameters;
        layer.macs_before = sizes.macs;
        layer.lost_inputs = plan.lost_inputs;
        if (plan.keep.empty()) return layer;
        for (const graph::Constant& constant : plan.folded) layer.folded.push_back(constant.channel);
        for (const graph::Constant& carrier : plan.carriers) layer.carriers.push_back(carrier.channel);

        if (const graph::Linear* linear = graph_.linear(n)) {
            const std::size_t weights_before = linear->connections.size();
            const std::size_t weights_after = plan.keep.size() *
                                              (plan_.nodes[graph_.input_of(n)].keep.size() / plan.groups) *
                                              linear->connections.taps;
            // With a bias each, if there are biases.
            layer.parameters_after = weights_after + (sizes.parameters > weights_before ? plan.keep.size() : 0);
            layer.macs_after = sizes.macs / weights_before * weights_after;
        } else if (graph_.sum(n) != nullptr) {
            layer.parameters_after = plan.constants.size();
        } else if (const graph::Recurrent* cell = graph_.recurrent(n)) {
            layer.parameters_after =
                parameters_of(*cell, plan_.nodes[graph_.input_of(n)].keep.size(), plan.keep.size(), sizes);
        } else {
            layer.parameters_after = sizes.parameters - parameters_of(n, graph_[n].channels - plan.keep.size(), sizes);
            layer.macs_after = sizes.macs / graph_[n].channels * plan.keep.size();
        }
        return layer;
    }

    void add_group(const graph::GroupPlan& plan) {
        GroupRemoval group;
        graph::Flags goes(units_.count, 0);
        for (const std::size_t channel : plan.removed) goes[units_.of[plan.nodes.front()][channel]] = 1;
        const auto is_of_group = [&](std::size_t n) {
            return std::binary_search(plan.nodes.begin(), plan.nodes.end(), n);
        };
        for (std::size_t n = 0; n < graph_.size() && !plan.removed.empty(); ++n)
            if (is_of_group(n) || (!graph_[n].inputs.empty() && is_of_group(graph_.input_of(n))))
                add_savings(n, goes, sizes_[n], group);
        group.channels = plan.channels.size();
        for (const std::size_t n : plan.nodes) group.layers.push_back(graph_[n].name);
        group.removed = plan.removed;
        group.carriers = plan.carriers;
        group.kept = plan.kept;
        group.pinned = plan.pinned;
        report_.groups.push_back(std::move(group));
    }

    // What the layer would save if only the units in `goes` went.
    void add_savings(std::size_t n, const graph::Flags& goes, const LayerSizes& sizes, GroupRemoval& group) const {
        const auto going = [&](std::size_t node, std::size_t first, std::size_t size) {
            std::size_t count = 0;
            for (std::size_t c = first; c < first + size; ++c) count += goes[units_.of[node][c]];
            return count;
        };
        const std::size_t channels = going(n, 0, graph_[n].channels);
        if (const graph::Linear* linear = graph_.linear(n)) {
            const graph::Connections& c = linear->connections;
            std::size_t pairs = 0;  // of an input and an output that are joined
            for (std::size_t g = 0; g < c.groups; ++g)
                pairs += c.group_in() * c.group_out() -
                         (c.group_in() - going(graph_.input_of(n), g * c.group_in(), c.group_in())) *
                             (c.group_out() - going(n, g * c.group_out(), c.group_out()));
            group.parameters += pairs * c.taps + (sizes.parameters > c.size() ? channels : 0);
            group.macs += sizes.macs / c.size() * pairs * c.taps;
        } else if (graph_.sum(n) != nullptr) {
            return;  // its constants are others'
        } else if (const graph::Recurrent* cell = graph_.recurrent(n)) {
            const std::size_t input = graph_.input_of(n), inputs = graph_[input].channels;
            group.parameters += sizes.parameters - parameters_of(*cell, inputs - going(input, 0, inputs),
                                                                 graph_[n].channels - channels, sizes);
        } else {
            group.parameters += parameters_of(n, channels, sizes);
            group.macs += sizes.macs / graph_[n].channels * channels;
        }
    }

    // Of a cell with so many inputs and channels: weights for both, and biases.
    static std::size_t parameters_of(const graph::Recurrent& cell, std::size_t inputs, std::size_t channels,
                                     const LayerSizes& before) {
        const graph::Connections& gate = cell.from_inputs.front();
        const auto weights = [gates = cell.from_inputs.size()](std::size_t in, std::size_t out) {
            return gates * (in + out) * out;
        };
        return weights(inputs, channels) + (before.parameters - weights(gate.in, gate.out)) / gate.out * channels;
    }

    // Of so many channels of a layer without weights between channels. Those of a dense layer on the last of several
    // axes, and of a group normalisation, are all channels' alike.
    std::size_t parameters_of(std::size_t n, std::size_t channels, const LayerSizes& sizes) const {
        const bool common = sizes.macs != 0 || dynamic_cast<const LGroupNorm*>(view_.layers()[n]) != nullptr;
        return common && channels < graph_[n].channels ? 0 : sizes.parameters * channels / graph_[n].channels;
    }

    // Layers all of whose channels are pinned.
    void add_pinned() {
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            const std::vector<graph::Number>& units = units_.of[n];
            const bool all =
                std::all_of(units.begin(), units.end(), [&](std::size_t unit) { return units_.is_pinned(unit); });
            if (all) report_.pinned.push_back({graph_[n].name, units_.reason(units.front())});
        }
    }

    const NetView& view_;
    const graph::Graph graph_;
    const std::vector<LayerSizes> sizes_;
    graph::Units units_;
    graph::Plan plan_;
    RemovalReport report_;
};

// Adds what becomes of the batch norms. The report was made with the biases that the folding adds.
RemovalReport with_fused(RemovalReport report, const BatchNormFolding& folding) {
    for (const BatchNormFold& fold : folding.folds()) {
        LayerRemoval& norm = report.layers[fold.norm_position];
        const bool fused = fold.obstacle.empty();
        if (norm.channels_after > 0)
            report.batch_norms.push_back(
                {norm.name, fused ? report.layers[fold.linear_position].name : "", fold.obstacle});
        if (!fused) continue;
        norm.parameters_after = 0;
        LayerRemoval& linear = report.layers[fold.linear_position];
        if (fold.adds_bias) linear.parameters_before -= linear.channels_before;
    }
    return report;
}

}  // namespace

RemovalReport plan_removal(Net* net, RemovalOptions options) {
    const NetView view(net, "plan", Purpose::structure);
    if (!options.fuse_batch_norms) return Removal(view, options.uneven_sums).report();
    BatchNormFolding folding(view);
    folding.begin();
    const NetView view_with_biases(net, "plan", Purpose::structure);
    return with_fused(Removal(view_with_biases, options.uneven_sums).report(), folding);
}

RemovalReport simplify(Net* net, RemovalOptions options) {
    const NetView view(net, "simplify", Purpose::structure);
    if (!options.fuse_batch_norms) {
        Removal removal(view, options.uneven_sums);
        OptimizerState state(view.optimizer());
        if (removal.apply(state)) renew_unrolled_copy(*net);
        return removal.report();
    }
    BatchNormFolding folding(view);
    folding.begin();
    const NetView view_with_biases(net, "simplify", Purpose::structure);
    Removal removal(view_with_biases, options.uneven_sums);
    RemovalReport report = with_fused(removal.report(), folding);
    removal.apply(folding.optimizer_state());
    report.departed = removal.report().departed;
    folding.commit();
    renew_unrolled_copy(*net);
    return report;
}

std::vector<RemovalUnit> removal_units(Net* net) {
    const NetView view(net, "remove_channels", Purpose::structure);
    view.require_finite();
    const graph::Graph graph = read_graph(view);
    const graph::Units units = graph::assign_units(graph);
    std::vector<RemovalUnit> all(units.count);
    for (std::size_t unit = 0; unit < units.count; ++unit) {
        for (const graph::Slot& slot : units.members[unit]) all[unit].channels.push_back({slot.node, slot.channel});
        all[unit].group = units.group_of[unit];
        all[unit].pinned = units.reason(unit);
    }
    return all;
}

RemovalReport plan_channel_removal(Net* net, const ChannelLists& channels, bool uneven_sums) {
    const NetView view(net, "remove_channels", Purpose::structure);
    return Removal(view, uneven_sums, channels).report();
}

RemovalReport remove_channels(Net* net, const ChannelLists& channels, bool uneven_sums) {
    const NetView view(net, "remove_channels", Purpose::structure);
    Removal removal(view, uneven_sums, channels);
    OptimizerState state(view.optimizer());
    if (removal.apply(state)) renew_unrolled_copy(*net);
    return removal.report();
}

}  // namespace eddl_prune::adapter
