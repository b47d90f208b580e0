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
    // A class of ours.
    if (const std::size_t scope = name.rfind("::"); scope != std::string::npos) name.erase(0, scope + 2);
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

// The trainable parameters that the layer uses.
std::vector<const Tensor*> parameters_of(Layer& layer, const WeightedLayer& weighted) {
    if (weighted.weight == nullptr)
        return {layer.params.begin(), layer.params.begin() + layer.get_trainable_params_count()};
    if (weighted.bias == nullptr) return {weighted.weight};
    return {weighted.weight, weighted.bias};
}

LayerSizes sizes_of(Layer& layer, const WeightedLayer& weighted) {
    LayerSizes sizes;
    sizes.name = layer.name;
    sizes.kind = class_name(layer);
    if (layer.output != nullptr && !layer.output->shape.empty()) {
        sizes.output_shape.assign(layer.output->shape.begin() + 1, layer.output->shape.end());
        if (!sizes.output_shape.empty()) sizes.channels = static_cast<std::size_t>(sizes.output_shape.front());
    }
    for (const Tensor* parameter : parameters_of(layer, weighted)) sizes.parameters += parameter->size;
    if (weighted.weight != nullptr) {
        sizes.channels = weighted.out_channels;
        sizes.macs = static_cast<std::uint64_t>(weighted.weight->size) * positions(weighted);
    }
    return sizes;
}

std::size_t count_dead_channels(const WeightedLayer& layer) {
    std::vector<std::uint8_t> is_dead(layer.out_channels);
    for (const OutputBlock& block : output_blocks(layer))
        kernels::channel_all_zero(layer.weight->ptr + block.offset, block.shape, is_dead.data() + block.first_channel);
    return static_cast<std::size_t>(std::count(is_dead.begin(), is_dead.end(), 1));
}

LayerStats stats_of(Layer& layer, const WeightedLayer& weighted) {
    LayerStats stats{sizes_of(layer, weighted), 0, {}};
    for (const Tensor* parameter : parameters_of(layer, weighted))
        stats.nonzero += kernels::count_nonzero(parameter->ptr, parameter->size);
    if (weighted.weight != nullptr) stats.dead_channels = count_dead_channels(weighted);
    return stats;
}

template <class Describe>
auto describe_all(const NetView& view, Describe describe) {
    std::vector<decltype(describe(*view.layers().front(), WeightedLayer()))> all;
    for (std::size_t i = 0; i < view.layers().size(); ++i)
        all.push_back(describe(*view.layers()[i], describe_weights(view.layers()[i], i)));
    return all;
}

}  // namespace

std::vector<LayerSizes> layer_sizes(const NetView& view) { return describe_all(view, sizes_of); }
std::vector<LayerStats> layer_stats(Net* net) { return describe_all(NetView(net, "layer_stats"), stats_of); }

EngineInfo engine_info() {
#if defined(EDDL_EMBEDDED_ENGINE)
    return {"embedded", EDDL_EMBEDDED_ENGINE, kernels::max_threads()};
#else
    // EDDL's headers carry no version.
    return {"EDDL", "unknown", kernels::max_threads()};
#endif
}

}  // namespace eddl_prune::adapter
