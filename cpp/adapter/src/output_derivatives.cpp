#include "eddl_prune/adapter/output_derivatives.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "eddl/layers/core/layer_core.h"
#include "eddl_prune/adapter/errors.h"
#include "eddl_prune/adapter/net_view.h"

namespace eddl_prune::adapter {

namespace {

using LayerSet = std::unordered_set<const Layer*>;

bool makes_probabilities(const LActivation& activation) {
    return activation.act == "softmax" || activation.act == "softmax_deprecated" || activation.act == "sigmoid";
}

// Those that nothing in the net reads, and those in its middle that have a loss: a target, unless it is that of
// another net. (A layer's `net` is the one made last with it, and may be gone: it is only compared.)
vlayer output_layers(const vlayer& layers) {
    const LayerSet in_net(layers.begin(), layers.end());
    const auto is_read = [&](const Layer* layer) {
        return std::any_of(layer->child.begin(), layer->child.end(),
                           [&](const Layer* child) { return in_net.count(child) != 0; });
    };
    const auto last = std::find_if_not(layers.rbegin(), layers.rend(), is_read);
    vlayer outputs;
    for (Layer* layer : layers)
        if (!is_read(layer) || (layer->target != nullptr && layer->net == (*last)->net)) outputs.push_back(layer);
    return outputs;
}

// `batch`: that of the shape is not to be relied on, since training may have released the memory.
kernels::AxisShape shape_along(const std::vector<int>& shape, std::size_t axis, int batch) {
    kernels::AxisShape along{static_cast<std::size_t>(batch), static_cast<std::size_t>(shape[axis]), 1};
    for (std::size_t i = 1; i < shape.size(); ++i)
        if (i != axis) (i < axis ? along.outer : along.inner) *= static_cast<std::size_t>(shape[i]);
    return along;
}

// The class, 0 to extent − 1, with the largest value at position `inner` of row `outer`; the first of equals.
std::size_t largest(const float* values, kernels::AxisShape shape, std::size_t outer, std::size_t inner) {
    const float* at = values + outer * shape.extent * shape.inner + inner;
    std::size_t best = 0;
    for (std::size_t k = 1; k < shape.extent; ++k)
        if (at[k * shape.inner] > at[best * shape.inner]) best = k;
    return best;
}

}  // namespace

OutputDerivatives::OutputDerivatives(std::string function, const vlayer& layers, const vlayer& wanted, By by,
                                     std::vector<float>& scratch)
    : function_(std::move(function)), wanted_(wanted), by_(by), outputs_(find_outputs(layers)), way_([&] {
          std::vector<const Layer*> sources;
          for (const Output& output : outputs_) sources.push_back(output.source);
          return find_way(layers, sources);
      }()),
      scope_(layers, [&] {
          vlayer forward;
          std::transform(way_.rbegin(), way_.rend(), std::back_inserter(forward),
                         [](const Stop& stop) { return stop.layer; });
          return forward;
      }(), scratch) {
    if (by_ == By::parameters)
        for (Layer* layer : wanted_) scope_.with_gradients(layer);
}

void OutputDerivatives::check(const std::string& function, const vlayer& layers) {
    for (const Layer* layer : layers)
        if (layer->isrecurrent || layer->isdecoder)
            throw PruneError(function + ": layer '" + layer->name +
                             "' is recurrent: sensitivities over time are not defined; LOBSTER works on such nets");
}

std::vector<OutputDerivatives::Output> OutputDerivatives::find_outputs(const vlayer& layers) const {
    std::vector<Output> found;
    for (Layer* layer : output_layers(layers)) {
        Layer* source = layer;
        std::size_t axis = 1;
        const auto* activation = dynamic_cast<const LActivation*>(layer);
        if (activation != nullptr && makes_probabilities(*activation)) {
            source = layer->parent.front();
            if (activation->act == "softmax") axis = static_cast<std::size_t>(activation->params.front());
        }
        const std::vector<int>& shape = source->output->shape;
        if (axis == 0 || axis >= shape.size())
            throw PruneError(function_ + ": the output '" + layer->name + "' of shape " + shape_text(shape) +
                             " has no axis of classes behind that of the batch");
        const kernels::AxisShape along = shape_along(shape, axis, layer->output->shape.front());
        found.push_back({layer, source, along, find_way(layers, {source})});
    }
    return found;
}

std::vector<OutputDerivatives::Stop> OutputDerivatives::find_way(const vlayer& layers,
                                                                    const std::vector<const Layer*>& sources) const {
    const LayerSet wanted(wanted_.begin(), wanted_.end());
    LayerSet below_wanted;  // and the wanted ones themselves
    const auto has_wanted_above = [&](const Layer* layer) {
        return std::any_of(layer->parent.begin(), layer->parent.end(),
                           [&](const Layer* parent) { return below_wanted.count(parent) != 0; });
    };
    for (const Layer* layer : layers)
        if (wanted.count(layer) != 0 || has_wanted_above(layer)) below_wanted.insert(layer);

    LayerSet above_source(sources.begin(), sources.end());  // and the sources themselves
    std::vector<Stop> way;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        if (above_source.count(*layer) == 0 || below_wanted.count(*layer) == 0) continue;
        above_source.insert((*layer)->parent.begin(), (*layer)->parent.end());
        const bool is_wanted = wanted.count(*layer) != 0;
        way.push_back({*layer, is_wanted, has_wanted_above(*layer) || (is_wanted && by_ == By::parameters)});
    }
    return way;
}

std::size_t OutputDerivatives::classes() const {
    return std::accumulate(outputs_.begin(), outputs_.end(), std::size_t{0},
                           [](std::size_t sum, const Output& output) { return sum + output.shape.extent; });
}

bool OutputDerivatives::seed(const Output& output, std::size_t k, Reduction reduction, float scale) {
    const kernels::AxisShape shape = output.shape;
    const Tensor* target = output.layer->target;
    if (reduction == Reduction::mean_of_target && (target == nullptr || target->size != shape.size()))
        throw PruneError(function_ + ": the output '" + output.layer->name +
                         "' has no targets of its shape; build the net with a loss for it");
    const float weight = reduction == Reduction::sum ? scale : scale / static_cast<float>(shape.outer * shape.inner);
    float* delta = scope_.delta(output.source).ptr;
    bool any = false;
    for (std::size_t o = 0; o < shape.outer; ++o)
        for (std::size_t i = 0; i < shape.inner; ++i) {
            std::size_t begin = k == all_classes ? 0 : k, end = k == all_classes ? shape.extent : k + 1;
            if (reduction == Reduction::mean_of_target) {
                const std::size_t is = largest(target->ptr, shape, o, i);
                begin = std::max(begin, is);
                end = std::min(end, is + 1);
            }
            for (std::size_t c = begin; c < end; ++c) {
                delta[(o * shape.extent + c) * shape.inner + i] = weight;
                any = true;
            }
        }
    return any;
}

void OutputDerivatives::go_back(const std::vector<Stop>& way, const Visit& visit) {
    bool ran = false;
    for (const Stop& stop : way) {
        if (stop.wanted && by_ == By::outputs) visit(stop.layer);
        if (!stop.runs) continue;
        if (stop.wanted && by_ == By::parameters) stop.layer->zeroGrads();
        scope_.backward(stop.layer);
        if (stop.wanted && by_ == By::parameters) visit(stop.layer);
        ran = true;
    }
    if (ran) ++passes_;
}

void OutputDerivatives::visit_each(Reduction reduction, float scale, const Visit& visit) {
    for (const Output& output : outputs_) {
        if (output.way.empty()) continue;
        const bool source_is_all = output.way.size() == 1 && output.way.front().layer == output.source;
        const std::size_t passes = source_is_all ? 1 : output.shape.extent;
        for (std::size_t k = 0; k < passes; ++k) {
            scope_.zero_deltas();
            if (seed(output, source_is_all ? all_classes : k, reduction, scale)) go_back(output.way, visit);
        }
    }
}

void OutputDerivatives::visit_sum(const Visit& visit) {
    scope_.zero_deltas();
    for (const Output& output : outputs_)
        if (!output.way.empty()) seed(output, all_classes, Reduction::sum, 1.0f);
    go_back(way_, visit);
}

}  // namespace eddl_prune::adapter
