#include "eddl_prune/adapter/plan_applier.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl_prune/adapter/optimizer_state.h"
#include "plan_applier_caches.h"
#include "plan_applier_convolution.h"
#include "plan_applier_folding.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

namespace {

// One layer that changes. All is borrowed, from the net and the plan.
struct LayerChange : ShapeChange {
    const graph::Node& node;
    const graph::NodePlan& plan;

    bool reshapes() const { return shrinks_in || shrinks_out; }
    bool changes_weights() const { return reshapes() || !plan.folded.empty() || !plan.cleared.empty(); }
};

// EDDL's LInput copies its delta to where nets are chained, so it is never without one.
bool frees_delta(const Layer& layer) { return layer.delta != nullptr && dynamic_cast<const LInput*>(&layer) == nullptr; }

}  // namespace

struct PlanApplier::Prepared {
    struct Replacement {
        Tensor* tensor;
        std::unique_ptr<Tensor> fresh;
    };

    const std::vector<Layer*> layers;
    const OptimizerState state;
    std::vector<Replacement> replacements;
    std::vector<std::unique_ptr<FreshDescriptor>> descriptors;
    std::vector<std::function<void()>> refreshes;  // outputs and caches, in net order

    explicit Prepared(const NetView& view) : layers(view.layers()), state(view.optimizer()) {}

    void prepare(const LayerChange& change) {
        if (const auto* linear = std::get_if<graph::Linear>(&change.node.operation)) {
            if (change.changes_weights()) prepare_linear(change, *linear);
        } else if (auto* norm = dynamic_cast<LBatchNorm*>(&change.layer); norm != nullptr && change.shrinks_out) {
            prepare_norm(change, *norm);
        }
        if (change.reshapes()) prepare_caches(change, refreshes);
    }

private:
    // The new tensor, which stays here until the commit; nullptr for nullptr.
    Tensor* replace(Tensor* tensor, const std::vector<AxisKeep>& axes, std::unique_ptr<Tensor> storage = nullptr) {
        if (tensor == nullptr) return nullptr;
        replacements.push_back({tensor, gather(*tensor, axes, std::move(storage))});
        return replacements.back().fresh.get();
    }

    // A parameter, and its gradients and moments, which have its shape. Returns the new parameter.
    Tensor* replace_parameter(const Layer& layer, std::size_t param, const std::vector<AxisKeep>& axes,
                              std::unique_ptr<Tensor> storage = nullptr, std::unique_ptr<Tensor> gradient_storage = nullptr) {
        const auto of_param = [param](const std::vector<Tensor*>& tensors) { return param < tensors.size() ? tensors[param] : nullptr; };
        replace(of_param(layer.gradients), axes, std::move(gradient_storage));
        replace(of_param(layer.acc_gradients), axes);
        if (const ParameterMoments* moments = state.find(&layer, param))
            for (Tensor* moment : moments->tensors) replace(moment, axes);
        return replace(layer.params[param], axes, std::move(storage));
    }

    void prepare_linear(const LayerChange& change, const graph::Linear& linear) {
        FreshDescriptor* descriptor = nullptr;
        if (change.reshapes())
            if (auto made = make_fresh_descriptor(change.layer, change.keep_in.size(), change.keep_out.size(), change.plan.groups))
                descriptor = descriptors.emplace_back(std::move(made)).get();
        const auto storage = [&](std::unique_ptr<Tensor> FreshDescriptor::*tensor) {
            return descriptor != nullptr ? std::move(descriptor->*tensor) : nullptr;
        };

        std::vector<AxisKeep> weight_axes = {{0, &change.keep_out}, {1, &change.keep_in}};
        if (linear.connections.layout == graph::Layout::in_out) std::swap(weight_axes[0].keep, weight_axes[1].keep);
        weight_axes[1].groups = linear.connections.groups;
        weight_axes[1].kept_groups = change.plan.groups;
        Tensor* weights = replace_parameter(change.layer, WeightedLayer::weight_param, weight_axes, storage(&FreshDescriptor::kernel),
                                            storage(&FreshDescriptor::kernel_gradient));
        Tensor* bias = nullptr;  // EDDL's convolutions have one even where they do not use it
        if (change.layer.params.size() > WeightedLayer::bias_param)
            bias = replace_parameter(change.layer, WeightedLayer::bias_param, {{0, &change.keep_out}}, storage(&FreshDescriptor::bias),
                                     storage(&FreshDescriptor::bias_gradient));
        fold_constants(linear, change.plan, change.keep_in, *weights, bias);
    }

    void prepare_norm(const LayerChange& change, LBatchNorm& norm) {
        const std::vector<AxisKeep> axes = {{0, &change.keep_out}};
        for (std::size_t p = 0; p < norm.params.size(); ++p) replace_parameter(norm, p, axes);
        for (Tensor* tensor : {norm.bn_mean, norm.bn_var, norm.work1, norm.work2}) replace(tensor, axes);
    }
};

PlanApplier::PlanApplier(const NetView& view, const graph::Graph& graph, const graph::Plan& plan)
    : prepared_(std::make_unique<Prepared>(view)) {
    const auto shrinks = [&](std::size_t n) { return plan.nodes[n].keep.size() != graph[n].channels; };
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const std::vector<std::size_t>& inputs = graph[n].inputs;
        if (inputs.empty()) continue;  // it keeps all its channels
        const ShapeChange shapes{*prepared_->layers[n], plan.nodes[inputs.front()].keep, plan.nodes[n].keep,
                                 std::any_of(inputs.begin(), inputs.end(), shrinks), shrinks(n)};
        prepared_->prepare({shapes, graph[n], plan.nodes[n]});
    }
}

PlanApplier::~PlanApplier() = default;

void PlanApplier::commit() {
    // Children first: a reshape's delta lies in its parent's. They come back, zeroed, at the next backward pass.
    for (auto layer = prepared_->layers.rbegin(); layer != prepared_->layers.rend(); ++layer)
        if (frees_delta(**layer)) (*layer)->free_delta();
    for (Prepared::Replacement& replacement : prepared_->replacements) adopt(*replacement.tensor, *replacement.fresh);
    for (const auto& refresh : prepared_->refreshes) refresh();
    for (const auto& descriptor : prepared_->descriptors) descriptor->commit();
    prepared_.reset();
}

}  // namespace eddl_prune::adapter
