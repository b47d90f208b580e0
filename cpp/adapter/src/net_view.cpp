#include "eddl_prune/adapter/net_view.h"

#include <algorithm>
#include <stdexcept>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl_prune/adapter/errors.h"
#include "eddl_prune/kernels/elementwise.h"

namespace eddl_prune::adapter {

namespace {

std::size_t extent(const Tensor& tensor, std::size_t axis) { return static_cast<std::size_t>(tensor.shape.at(axis)); }

// How many nets hold the layer. EDDL only tells on a decrement, so count up first.
int net_count(Layer& layer) {
    layer.increase_reference_counter();
    return layer.decrease_and_get_reference_counter();
}

void require_on_cpu(Net& net, const std::string& function) {
    const bool cloned = net.isbuild && (net.snets.size() != 1 || net.snets.front() != &net);
    const auto elsewhere =
        std::find_if(net.layers.begin(), net.layers.end(), [](const Layer* layer) { return layer->dev != DEV_CPU; });
    if (elsewhere != net.layers.end())
        throw PruneError(function + ": layer '" + (*elsewhere)->name +
                         "' is not on the CPU; build the net with CS_CPU");
    if (cloned)
        throw PruneError(function + ": net '" + net.name +
                         "' computes on copies on another device; build it with CS_CPU");
}

// Why the structure of a net with this layer cannot be changed; "" where it can.
std::string structure_obstacle(Net& net, Layer& layer) {
    const auto all_in_net = [&net](const std::vector<Layer*>& neighbours) {
        return std::all_of(neighbours.begin(), neighbours.end(), [&net](Layer* n) { return net.inNet(n) != 0; });
    };
    if (layer.sorig != nullptr)
        return "is a copy of '" + layer.sorig->name + "' for a time step; give the net that was unrolled";
    if (layer.isshared || layer.iscloned) return "shares its parameters with another layer";
    if (layer.net != &net || net_count(layer) > 1) return "is used by another net too";
    if (!all_in_net(layer.child) || !all_in_net(layer.parent)) return "is connected to a layer outside the net";
    return "";
}

void require_own_structure(Net& net, const std::string& function) {
    for (Layer* layer : net.layers) {
        const std::string obstacle = structure_obstacle(net, *layer);
        if (!obstacle.empty()) throw PruneError(function + ": layer '" + layer->name + "' " + obstacle);
    }
}

// The one element whose name fits; an exception that lists the names to choose from for none or several.
template <class Elements, class NameOf>
auto& find_named(Elements& elements, NameOf name_of, const std::string& name, const std::string& function,
                 const char* what) {
    const auto fits = [&](const auto& element) { return name_of(element) == name; };
    const auto count = std::count_if(elements.begin(), elements.end(), fits);
    if (count == 1) return *std::find_if(elements.begin(), elements.end(), fits);
    std::string text = function + ": " + (count == 0 ? "no " : std::to_string(count) + " ") + what + "s are named '" +
                       name + "'; allowed: ";
    for (std::size_t i = 0; i < elements.size(); ++i) text += (i == 0 ? "'" : ", '") + name_of(elements[i]) + "'";
    throw std::invalid_argument(text);
}

}  // namespace

bool is_view(const Layer& layer) {
    return dynamic_cast<const LReshape*>(&layer) != nullptr || dynamic_cast<const LUnsqueeze*>(&layer) != nullptr ||
           dynamic_cast<const LSqueeze*>(&layer) != nullptr;
}

std::string shape_text(const std::vector<int>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + "]";
}

namespace {

// The convolution's descriptor goes to `visit`, with the kind of its weights; nothing happens for other layers.
template <class Visit>
void visit_convolution(const Layer* layer, Visit visit) {
    const auto try_kind = [&](const auto* convolution, WeightKind kind) {
        if (convolution != nullptr) visit(*convolution->cd, kind);
    };
    try_kind(dynamic_cast<const LConv1D*>(layer), WeightKind::convolution);
    try_kind(dynamic_cast<const LConv*>(layer), WeightKind::convolution);
    try_kind(dynamic_cast<const LConv3D*>(layer), WeightKind::convolution);
    try_kind(dynamic_cast<const LConvT2D*>(layer), WeightKind::transposed_convolution);
    try_kind(dynamic_cast<const LConvT3D*>(layer), WeightKind::transposed_convolution);
}

}  // namespace

WeightedLayer describe_weights(Layer* layer, std::size_t position) {
    WeightedLayer described;
    described.layer = layer;
    described.position = position;
    described.trainable = layer->trainable;
    const auto take_parameters = [&](WeightKind kind, bool use_bias) {
        described.kind = kind;
        described.weight = layer->params.at(WeightedLayer::weight_param);
        described.weight_gradient = layer->gradients.at(WeightedLayer::weight_param);
        if (!use_bias) return;
        described.bias = layer->params.at(WeightedLayer::bias_param);
        described.bias_gradient = layer->gradients.at(WeightedLayer::bias_param);
    };
    visit_convolution(layer, [&](const auto& descriptor, WeightKind kind) {
        take_parameters(kind, descriptor.use_bias);
        const Tensor& weight = *described.weight;
        described.out_channels = extent(weight, 0);
        described.in_channels = extent(weight, 1);
        if (kind == WeightKind::transposed_convolution) {
            // EDDL's descriptors do not all name the groups; the output's channels tell them.
            described.groups = extent(*layer->output, 1) / extent(weight, 1);
            described.out_channels = extent(*layer->output, 1);
            described.in_channels = extent(weight, 0) / described.groups;
        }
        for (std::size_t axis = 2; axis < weight.shape.size(); ++axis) described.taps *= extent(weight, axis);
    });
    if (const auto* dense = dynamic_cast<LDense*>(layer)) {
        take_parameters(WeightKind::dense, dense->use_bias);
        described.in_channels = extent(*described.weight, 0);
        described.out_channels = extent(*described.weight, 1);
    }
    return described;
}

bool is_on_last_axis(const WeightedLayer& layer) {
    return layer.kind == WeightKind::dense && layer.layer->output->shape.size() > 2;
}

NetView::NetView(Net* net, const char* function, Purpose purpose) : net_(net), function_(function) {
    if (net == nullptr) throw std::invalid_argument(std::string(function) + ": expected a net, received None");
    require_on_cpu(*net, function);
    if (purpose == Purpose::structure) require_own_structure(*net, function);
    for (std::size_t i = 0; i < layers().size(); ++i) {
        const WeightedLayer described = describe_weights(layers()[i], i);
        if (described.weight != nullptr) weighted_.push_back(described);
    }
}

Layer* NetView::layer(const std::string& name) const {
    return find_named(layers(), [](const Layer* layer) { return layer->name; }, name, function_, "layer");
}

const WeightedLayer& NetView::weighted(const std::string& name) const {
    return find_named(
        weighted_, [](const WeightedLayer& layer) { return layer.name(); }, name, function_,
        "convolution or dense layer");
}

std::vector<WeightedLayer> NetView::select(const std::vector<std::string>* names) const {
    if (names == nullptr) return weighted_;
    std::vector<WeightedLayer> selected;
    for (const std::string& name : *names) selected.push_back(weighted(name));
    std::sort(selected.begin(), selected.end(), [](const auto& a, const auto& b) { return a.position < b.position; });
    selected.erase(std::unique(selected.begin(), selected.end(),
                               [](const auto& a, const auto& b) { return a.position == b.position; }),
                   selected.end());
    return selected;
}

std::unordered_set<const Tensor*> NetView::shared_parameters() const {
    std::unordered_set<const Tensor*> seen, shared;
    for (const Layer* layer : layers())
        for (const Tensor* parameter : layer->params)
            if (!seen.insert(parameter).second) shared.insert(parameter);
    return shared;
}

void NetView::require_finite() const {
    for (const Layer* layer : layers())
        for (std::size_t p = 0; p < layer->params.size(); ++p) {
            const Tensor& tensor = *layer->params[p];
            const std::size_t bad = kernels::count_nonfinite(tensor.ptr, tensor.size);
            if (bad != 0)
                throw std::invalid_argument(
                    std::string(function_) + ": layer '" + layer->name + "': " + std::to_string(bad) + " of the " +
                    std::to_string(tensor.size) + " values of parameter " + std::to_string(p) + " " +
                    shape_text(tensor.shape) + " are NaN or infinite; only finite parameters are allowed");
        }
}

}  // namespace eddl_prune::adapter
