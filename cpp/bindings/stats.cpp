#include "bindings.h"

#include "eddl_prune/adapter/stats.h"

namespace eddl_prune::bindings {

void register_stats(py::module_& module) {
    module.def(
        "layer_stats",
        [](Net* net) {
            py::list list;
            for (const adapter::LayerStats& stats : without_gil([&] { return adapter::layer_stats(net); })) {
                py::dict layer;
                layer["name"] = stats.name;
                layer["kind"] = stats.kind;
                layer["parameters"] = stats.parameters;
                layer["nonzero"] = stats.nonzero;
                layer["channels"] = stats.channels;
                layer["dead_channels"] = stats.dead_channels;
                layer["macs"] = stats.macs;
                layer["output_shape"] = py::tuple(py::cast(stats.output_shape));
                list.append(layer);
            }
            return list;
        },
        py::arg("net").none(false), "One dict a layer, in the net's order.");
}

}  // namespace eddl_prune::bindings
