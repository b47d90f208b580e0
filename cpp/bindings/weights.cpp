#include "bindings.h"

#include <pybind11/numpy.h>

#include "eddl_prune/adapter/weights.h"

namespace eddl_prune::bindings {

namespace {

py::dict count_dict(const adapter::PerLayer<std::size_t>& counts) {
    return to_dict(counts, [](std::size_t count) { return py::int_(count); });
}

}  // namespace

void register_weights(py::module_& module) {
    module.def(
        "threshold",
        [](Net* net, double limit, bool biases, const LayerNames& layers) {
            return count_dict(without_gil([&] { return adapter::threshold(net, limit, biases, pointer_to(layers)); }));
        },
        py::arg("net").none(false), py::arg("T"), py::arg("biases") = true, py::arg("layers") = py::none(),
        "Zeroes every |w| < T of convolutions and dense layers; {layer: number newly zeroed}.");
    module.def(
        "channel_norms",
        [](Net* net, const LayerNames& layers) {
            const auto norms = without_gil([&] { return adapter::channel_norms(net, pointer_to(layers)); });
            return to_dict(norms, [](const std::vector<float>& values) {
                return py::array_t<float>(static_cast<py::ssize_t>(values.size()), values.data());
            });
        },
        py::arg("net").none(false), py::arg("layers") = py::none(),
        "{layer: float32 array, the L2 norm of all weights into each output channel}; biases excluded.");
    module.def(
        "zero_channels",
        [](Net* net, const std::map<std::string, std::vector<std::int64_t>>& channels, bool biases) {
            return count_dict(without_gil([&] { return adapter::zero_channels(net, channels, biases); }));
        },
        py::arg("net").none(false), py::arg("channels"), py::arg("biases") = true,
        "Zeroes all weights into the output channels {layer: [indices]}; {layer: number newly zeroed}.");
}

}  // namespace eddl_prune::bindings
