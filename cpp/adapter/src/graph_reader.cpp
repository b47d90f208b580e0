#include "eddl_prune/adapter/graph_reader.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/pool/layer_pool.h"
#include "eddl_prune/adapter/errors.h"

namespace eddl_prune::adapter {

namespace {

using graph::Opaque;
using graph::Operation;

constexpr std::size_t channel_axis = 1;  // after the batch

std::size_t channels_of(const Tensor& tensor) { return static_cast<std::size_t>(tensor.shape.at(channel_axis)); }

bool any_positive(const std::vector<int>& values) {
    return std::any_of(values.begin(), values.end(), [](int value) { return value > 0; });
}

// --- activations: EDDL's formulas ---

using Scalar = std::function<double(double)>;

// Maps (activation, its parameters) to the function on one value; an empty function where it is no such function.
Scalar scalar_function(const std::string& name, const std::vector<float>& parameters) {
    const auto parameter = [&](std::size_t i) { return static_cast<double>(parameters.at(i)); };
    const auto elu = [](double x, double alpha) { return x > 0.0 ? x : alpha * std::expm1(x); };
    if (name == "relu") return [](double x) { return std::max(x, 0.0); };
    if (name == "sigmoid") return [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
    if (name == "hard_sigmoid") return [](double x) { return std::min(1.0, std::max(0.0, 0.2 * x + 0.5)); };
    if (name == "tanh") return [](double x) { return std::tanh(x); };
    if (name == "exp") return [](double x) { return std::exp(x); };
    if (name == "softplus") return [](double x) { return std::log1p(std::exp(x)); };
    if (name == "softsign") return [](double x) { return x / (1.0 + std::abs(x)); };
    if (name == "thresholded_relu") return [alpha = parameter(0)](double x) { return x > alpha ? x : 0.0; };
    if (name == "leaky_relu") return [alpha = parameter(0)](double x) { return x > 0.0 ? x : alpha * x; };
    if (name == "elu") return [=, alpha = parameter(0)](double x) { return elu(x, alpha); };
    if (name == "selu") return [=, alpha = parameter(0), scale = parameter(1)](double x) { return scale * elu(x, alpha); };
    if (name == "linear") return [alpha = parameter(0)](double x) { return alpha * x; };
    return {};
}

// --- one function a kind of layer; `weights` describes it if it has any ---

Operation read(const LInput& layer, const WeightedLayer&) {
    if (!layer.parent.empty()) return Opaque{"continues another net"};
    return graph::Source{};
}

graph::Linear linear(const WeightedLayer& weights, graph::Layout layout, bool zero_padded) {
    return {{weights.weight->ptr, layout, weights.out_channels, weights.in_channels, weights.taps},
            weights.bias != nullptr ? weights.bias->ptr : nullptr,
            zero_padded};
}

Operation read(const LConv& layer, const WeightedLayer& weights) {
    if (layer.cd->groups != 1) return Opaque{"grouped convolution"};
    return linear(weights, graph::Layout::out_in, any_positive(layer.cd->pads));
}

Operation read(const LDense& layer, const WeightedLayer& weights) {
    if (layer.input->ndim != 2) return Opaque{"dense layer on the last of several axes"};
    return linear(weights, graph::Layout::in_out, false);
}

Operation read(const LBatchNorm& layer, const WeightedLayer&) {
    if (layer.input->ndim != 2 && layer.input->ndim != 4)
        return Opaque{"batch normalisation of a " + shape_text(layer.input->shape) + " tensor"};
    graph::Affine affine;
    for (std::size_t c = 0; c < channels_of(*layer.output); ++c) {
        const auto value = [c](const Tensor* tensor) { return static_cast<double>(tensor->ptr[c]); };
        const double gamma = layer.affine ? value(layer.bn_g) : 1.0;
        const double beta = layer.affine ? value(layer.bn_b) : 0.0;
        const double scale = gamma / std::sqrt(value(layer.variance) + static_cast<double>(layer.epsilon));
        affine.scale.push_back(scale);
        affine.shift.push_back(beta - value(layer.mean) * scale);
    }
    return affine;
}

Operation read(const LActivation& layer, const WeightedLayer&) {
    Scalar function = scalar_function(layer.act, layer.params);
    if (!function) return Opaque{layer.act + " makes each value of several channels"};
    return graph::Pointwise{std::move(function)};
}

// Dropout is the identity at inference, or the expected value of the mask.
Operation read(const LDropout& layer, const WeightedLayer&) {
    const double scale = layer.iw ? 1.0 - static_cast<double>(layer.df) : 1.0;
    return graph::Pointwise{[scale](double x) { return scale * x; }};
}

// A window that lies in the padding alone has nothing to pool.
Operation read_pool(const PoolDescriptor& pool, bool zeros_count) {
    const bool padded = any_positive(pool.pad);
    if (std::max(pool.padrt, pool.padrb) >= pool.kr || std::max(pool.padcl, pool.padcr) >= pool.kc)
        return Opaque{"pooling with a padding as large as its window"};
    return graph::Window{padded && zeros_count};
}

Operation read(const LMaxPool& layer, const WeightedLayer&) { return read_pool(*layer.pd, false); }
Operation read(const LAveragePool& layer, const WeightedLayer&) { return read_pool(*layer.pd, true); }

// Memory stays as it is: a channel's values are consecutive before and must be so after.
Operation read(const LReshape& layer, const WeightedLayer&) {
    const std::vector<int>& from = layer.input->shape;
    const std::vector<int>& to = layer.ls;
    const Opaque other{"reshape from " + shape_text(from) + " to " + shape_text(to)};
    if (from.size() < 2 || to.size() < 2 || from.front() != to.front() || layer.input->size == 0) return other;
    if (to[channel_axis] == from[channel_axis]) return graph::Unfold{1};
    if (to.size() == 2) return graph::Unfold{static_cast<std::size_t>(to[channel_axis] / from[channel_axis])};
    return other;
}

// The first kind that fits. Layers of a class derived from one of ours by PyEDDL's binding are of that kind.
template <class... Kinds>
Operation read_as(const Layer& layer, const WeightedLayer& weights) {
    Operation operation = Opaque{"its kind of layer is not followed"};
    const auto try_kind = [&](const auto* kind) {
        if (kind != nullptr) operation = read(*kind, weights);
        return kind != nullptr;
    };
    static_cast<void>((try_kind(dynamic_cast<const Kinds*>(&layer)) || ...));
    return operation;
}

// Parameters that several layers of the net use cannot be sliced for one of them.
std::unordered_set<const Tensor*> shared_parameters(const NetView& view) {
    std::unordered_set<const Tensor*> seen, shared;
    for (const Layer* layer : view.layers())
        for (const Tensor* parameter : layer->params)
            if (!seen.insert(parameter).second) shared.insert(parameter);
    return shared;
}

}  // namespace

graph::Graph read_graph(const NetView& view) {
    const std::vector<Layer*>& layers = view.layers();
    const vlayer& outputs = view.net()->lout;
    const std::unordered_set<const Tensor*> shared = shared_parameters(view);
    std::unordered_map<const Layer*, std::size_t> position_of;
    graph::Graph graph;
    for (std::size_t k = 0; k < layers.size(); ++k) {
        const Layer& layer = *layers[k];
        graph::Node node;
        node.name = layer.name;
        for (const Layer* parent : layer.parent) {
            const auto found = position_of.find(parent);
            if (found == position_of.end())
                throw PruneError(std::string(view.function()) + ": layer '" + layer.name + "' comes before its parent '" +
                                 parent->name + "'");
            node.inputs.push_back(found->second);
        }
        node.channels = layer.output->shape.size() > channel_axis ? channels_of(*layer.output) : 1;
        if (std::any_of(layer.params.begin(), layer.params.end(), [&](const Tensor* p) { return shared.count(p) != 0; }))
            node.operation = Opaque{"another layer of the net uses its parameters too"};
        else
            node.operation = read_as<LInput, LConv, LDense, LBatchNorm, LActivation, LDropout, LMaxPool, LAveragePool, LReshape>(
                layer, describe_weights(layers[k], k));
        if (std::find(outputs.begin(), outputs.end(), &layer) != outputs.end()) node.pin = "output of the net";
        position_of[&layer] = graph.add(std::move(node));
    }
    return graph;
}

}  // namespace eddl_prune::adapter
