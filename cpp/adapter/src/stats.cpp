#include "eddl_prune/adapter/stats.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <typeinfo>

#include <cxxabi.h>

#include "eddl/utils.h"
#include "eddl_prune/adapter/weights.h"
#include "eddl_prune/kernels/channels.h"
#include "eddl_prune/kernels/elementwise.h"
#include "eddl_prune/kernels/threads.h"

namespace eddl_prune::adapter {

namespace {

std::string class_name(const Layer& layer) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> demangled(
        abi::__cxa_demangle(typeid(layer).name(), nullptr, nullptr, &status), std::free);
    std::string name = status == 0 ? demangled.get() : typeid(layer).name();
    if (const std::size_t scope = name.rfind("::"); scope != std::string::npos) name.erase(0, scope + 2);  // a class of ours
    // Layers made by calling PyEDDL's classes instead of its functions are of a derived class of the binding's.
    const std::string binding_prefix = "PyCallBack_";
    if (name.compare(0, binding_prefix.size(), binding_prefix) == 0) name.erase(0, binding_prefix.size());
    if (name.size() > 1 && name.front() == 'L') name.erase(0, 1);
    return name;
}

// Positions at which the weights are applied to one sample: the output's pixels (of a transposed convolution the
// input's), or a dense layer's outer axes.
std::uint64_t positions(const WeightedLayer& layer) {
    const bool transposed = layer.kind == WeightKind::transposed_convolution;
    const Tensor& tensor = transposed ? *layer.layer->input : *layer.layer->output;
    const std::size_t channels = transposed ? layer.in_channels * layer.groups : layer.out_channels;
    std::uint64_t product = 1;
    for (std::size_t axis = 1; axis < tensor.shape.size(); ++axis)
        product *= static_cast<std::uint64_t>(tensor.shape[axis]);
    return product / channels;
}

void count_parameters(LayerStats& stats, const Tensor& tensor) {
    stats.parameters += tensor.size;
    stats.nonzero += kernels::count_nonzero(tensor.ptr, tensor.size);
}

void add_weights(LayerStats& stats, const WeightedLayer& layer) {
    count_parameters(stats, *layer.weight);
    if (layer.bias != nullptr) count_parameters(stats, *layer.bias);
    std::vector<std::uint8_t> is_dead(layer.out_channels);
    for (const OutputBlock& block : output_blocks(layer))
        kernels::channel_all_zero(layer.weight->ptr + block.offset, block.shape, is_dead.data() + block.first_channel);
    stats.channels = layer.out_channels;
    stats.dead_channels = static_cast<std::size_t>(std::count(is_dead.begin(), is_dead.end(), 1));
    stats.macs = static_cast<std::uint64_t>(layer.weight->size) * positions(layer);
}

LayerStats stats_of(Layer& layer, std::size_t position) {
    LayerStats stats;
    stats.name = layer.name;
    stats.kind = class_name(layer);
    if (layer.output != nullptr && !layer.output->shape.empty()) {
        stats.output_shape.assign(layer.output->shape.begin() + 1, layer.output->shape.end());
        if (!stats.output_shape.empty()) stats.channels = static_cast<std::size_t>(stats.output_shape.front());
    }
    const WeightedLayer weighted = describe_weights(&layer, position);
    if (weighted.weight != nullptr) {
        add_weights(stats, weighted);
    } else {
        for (int p = 0; p < layer.get_trainable_params_count(); ++p)
            count_parameters(stats, *layer.params[static_cast<std::size_t>(p)]);
    }
    return stats;
}

}  // namespace

std::vector<LayerStats> layer_stats(Net* net) {
    const NetView view(net, "layer_stats");
    std::vector<LayerStats> all;
    for (std::size_t i = 0; i < view.layers().size(); ++i) all.push_back(stats_of(*view.layers()[i], i));
    return all;
}

EngineInfo engine_info() {
#if defined(EDDL_EMBEDDED_ENGINE)
    return {"embedded", EDDL_EMBEDDED_ENGINE, kernels::max_threads()};
#else
    // EDDL's headers carry no version.
    return {"EDDL", "unknown", kernels::max_threads()};
#endif
}

}  // namespace eddl_prune::adapter
