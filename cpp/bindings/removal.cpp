#include "bindings.h"

#include <optional>

#include <pybind11/numpy.h>

#include "eddl_prune/adapter/channel_scores.h"
#include "eddl_prune/adapter/channel_zeroing.h"
#include "eddl_prune/adapter/latency.h"
#include "eddl_prune/adapter/plan_applier.h"
#include "eddl_prune/adapter/simplify.h"
#include "eddl_prune/adapter/structure.h"

namespace eddl_prune::bindings {

namespace {

py::dict layer_dict(const adapter::LayerRemoval& removal) {
    py::dict layer;
    layer["name"] = removal.name;
    layer["kind"] = removal.kind;
    layer["inputs"] = removal.inputs;
    layer["lost_inputs"] = removal.lost_inputs;
    layer["channels_before"] = removal.channels_before;
    layer["channels_after"] = removal.channels_after;
    layer["removed"] = removal.removed;
    layer["parameters_before"] = removal.parameters_before;
    layer["parameters_after"] = removal.parameters_after;
    layer["macs_before"] = removal.macs_before;
    layer["macs_after"] = removal.macs_after;
    layer["folded"] = removal.folded;
    layer["carriers"] = removal.carriers;
    layer["folded_into_bias"] = !removal.folded.empty() && removal.carriers.empty();
    return layer;
}

py::dict group_dict(const adapter::GroupRemoval& removal) {
    py::dict group;
    group["layers"] = removal.layers;
    group["channels"] = removal.channels;
    group["parameters"] = removal.parameters;
    group["macs"] = removal.macs;
    group["removed"] = removal.removed;
    group["carriers"] = removal.carriers;
    py::list kept;
    for (const graph::Blocker& blocker : removal.kept) {
        py::dict entry;
        entry["reason"] = blocker.reason;
        entry["channels"] = blocker.channels;
        kept.append(entry);
    }
    group["kept"] = kept;
    group["pinned"] = removal.pinned.empty() ? py::object(py::none()) : py::object(py::str(removal.pinned));
    return group;
}

py::dict report_dict(const adapter::RemovalReport& report) {
    py::list layers, groups, pinned;
    std::size_t parameters_before = 0, parameters_after = 0;
    std::uint64_t macs_before = 0, macs_after = 0;
    for (const adapter::LayerRemoval& layer : report.layers) {
        layers.append(layer_dict(layer));
        parameters_before += layer.parameters_before;
        parameters_after += layer.parameters_after;
        macs_before += layer.macs_before;
        macs_after += layer.macs_after;
    }
    for (const adapter::GroupRemoval& group : report.groups) groups.append(group_dict(group));
    for (const adapter::PinnedLayer& entry : report.pinned) {
        py::dict layer;
        layer["layer"] = entry.layer;
        layer["reason"] = entry.reason;
        pinned.append(layer);
    }
    py::dict fused, not_fused;
    for (const adapter::FusedBatchNorm& fold : report.batch_norms) {
        if (fold.obstacle.empty())
            fused[py::str(fold.batch_norm)] = fold.into;
        else
            not_fused[py::str(fold.batch_norm)] = fold.obstacle;
    }
    py::dict dict;
    dict["fused"] = fused;
    dict["not_fused"] = not_fused;
    dict["layers"] = layers;
    dict["groups"] = groups;
    dict["pinned"] = pinned;
    dict["parameters_before"] = parameters_before;
    dict["parameters_after"] = parameters_after;
    dict["macs_before"] = macs_before;
    dict["macs_after"] = macs_after;
    return dict;
}

// The layers that have left live as long as the Python object of the net: scripts may hold handles of them.
void keep_with(Net* net, const std::shared_ptr<const void>& departed) {
    if (departed == nullptr) return;
    using Held = std::shared_ptr<const void>;
    const py::capsule owner(new Held(departed), [](void* held) { delete static_cast<Held*>(held); });
    py::detail::keep_alive_impl(py::cast(net), owner);
}

// What was done to the net.
py::dict kept_report(Net* net, const adapter::RemovalReport& report) {
    keep_with(net, report.departed);
    return report_dict(report);
}

bool or_default(std::optional<bool> uneven_sums) {
    return uneven_sums.value_or(adapter::RemovalOptions::uneven_sums_by_default);
}

template <class Value>
py::dict by_position(const adapter::ByPosition<Value>& all) {
    py::dict dict;
    for (const auto& [position, values] : all)
        dict[py::int_(position)] = py::array_t<Value>(static_cast<py::ssize_t>(values.size()), values.data());
    return dict;
}

// A function of a net and options.
template <class Function>
void define_with_options(py::module_& module, const char* name, Function function, const char* doc) {
    module.def(
        name,
        [function](Net* net, bool fuse_batchnorm, std::optional<bool> uneven_sums) {
            const adapter::RemovalOptions options{fuse_batchnorm, or_default(uneven_sums)};
            return kept_report(net, without_gil([&] { return function(net, options); }));
        },
        py::arg("net").none(false), py::arg("fuse_batchnorm") = false, py::arg("uneven_sums") = py::none(), doc);
}

// A function of a net and channels.
template <class Function>
void define_with_channels(py::module_& module, const char* name, Function function, const char* doc) {
    module.def(
        name,
        [function](Net* net, const adapter::ChannelLists& channels, std::optional<bool> uneven_sums) {
            const bool uneven = or_default(uneven_sums);
            return kept_report(net, without_gil([&] { return function(net, channels, uneven); }));
        },
        py::arg("net").none(false), py::arg("channels"), py::arg("uneven_sums") = py::none(), doc);
}

}  // namespace

void register_removal(py::module_& module) {
    define_with_options(module, "plan", &adapter::plan_removal,
                        "What simplify would do to the net, as plain data; the net is not changed.");
    define_with_options(module, "simplify", &adapter::simplify,
                        "Removes, in place, the channels that no output depends on or that are constant; returns what "
                        "plan would have.");
    module.def(
        "sum_structures",
        [](Net* net) {
            std::map<std::string, std::map<std::string, py::object>> sums;
            for (const auto& [name, sum] : adapter::sum_structures(net))
                sums[name] = {{"sources", py::cast(sum.sources)}, {"constants", py::cast(sum.constants)}};
            return sums;
        },
        py::arg("net").none(false), "What is peculiar to sums whose operands have channels of their own, by layer.");
    module.def(
        "remove_again",
        [](Net* net, const adapter::IndexLists& removed,
           const std::map<std::string, std::map<std::string, py::object>>& sums,
           const adapter::IndexLists& lost_inputs) {
            adapter::SumStructures structures;
            for (const auto& [name, sum] : sums)
                structures[name] = {sum.at("sources").cast<std::vector<std::vector<std::int64_t>>>(),
                                    sum.at("constants").cast<std::vector<std::int64_t>>()};
            keep_with(net, without_gil([&] { return adapter::remove_again(net, removed, structures, lost_inputs); }));
        },
        py::arg("net").none(false), py::arg("removed"), py::arg("sums") = py::dict(),
        py::arg("lost_inputs") = py::dict(),
        "Removes just these channels of layers of all kinds, and layers that lose all, without regard to what the net "
        "computes; sums get what sum_structures returned, concatenations and sums lose inputs.");
    module.def(
        "removal_units",
        [](Net* net) {
            const std::vector<adapter::RemovalUnit> units = without_gil([&] { return adapter::removal_units(net); });
            py::list list;
            for (const adapter::RemovalUnit& unit : units) {
                py::list channels;
                for (const auto& [layer, channel] : unit.channels) channels.append(py::make_tuple(layer, channel));
                list.append(py::make_tuple(unit.group, unit.pinned, channels));
            }
            return list;
        },
        py::arg("net").none(false),
        "What can only be removed together, in net order: (group, reason to stay or '', [(layer position, channel), "
        "...]).");
    module.def(
        "zero_coupled_channels",
        [](Net* net, const adapter::ChannelLists& channels) {
            return to_dict(without_gil([&] { return adapter::zero_coupled_channels(net, channels); }),
                           [](const std::vector<std::size_t>& indices) { return py::cast(indices); });
        },
        py::arg("net").none(false), py::arg("channels"),
        "Makes {layer: [indices of output channels]} 0 with all that is coupled to them; {layer: [zeroed channels]}.");
    define_with_channels(module, "plan_channel_removal", &adapter::plan_channel_removal,
                         "What remove_channels would do; the net is not changed.");
    define_with_channels(module, "remove_channels", &adapter::remove_channels,
                         "Removes {layer: [indices of output channels]} with all that is coupled to them; returns what "
                         "the plan would have.");
    module.def(
        "prediction_seconds",
        [](Net* net, const adapter::ChannelLists& channels, int batch, int repeats) {
            return without_gil([&] { return adapter::prediction_seconds(net, channels, batch, repeats); });
        },
        py::arg("net").none(false), py::arg("channels"), py::arg("batch"), py::arg("repeats"),
        "The median time of a prediction, measured on a copy of the built net from which these channels are removed.");
    module.def(
        "channel_scores",
        [](Net* net) {
            const auto all = without_gil([&] { return adapter::channel_scores(net); });
            const auto array = [](const std::vector<double>& values) {
                return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
            };
            py::list list;
            for (const adapter::ChannelScores& scores : all) {
                py::dict entry;
                entry["position"] = scores.position;
                entry["normalises"] = scores.normalises;
                entry["weights"] = scores.weights;
                entry["absolute"] = array(scores.absolute);
                entry["square"] = array(scores.square);
                list.append(entry);
            }
            return list;
        },
        py::arg("net").none(false), "Sums over the parameters of each output channel, a dict a layer that has some.");
    module.def(
        "channel_gates",
        [](Net* net) { return by_position(without_gil([&] { return adapter::channel_gates(net); })); },
        py::arg("net").none(false),
        "Sums of weight times gradient over the weights that read each channel: {position of the layer read: array}.");
    module.def(
        "require_sensitivities",
        [](Net* net, const std::string& function) { adapter::require_sensitivities(net, function.c_str()); },
        py::arg("net").none(false), py::arg("function"), "Raises PruneError for a net without channel_sensitivities.");
    module.def(
        "channel_sensitivities",
        [](Net* net) { return by_position(without_gil([&] { return adapter::channel_sensitivities(net); })); },
        py::arg("net").none(false),
        "SeReNe's sensitivity of each neuron for the last forward: {layer position: array}.");
    module.def("_fail_after", &adapter::fail_after, py::arg("n"),
               "For tests: makes the n-th preparing step of the simplify calls from now on throw; 0 makes none fail.");
}

}  // namespace eddl_prune::bindings
