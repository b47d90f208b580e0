#include "eddl_prune/adapter/plan_applier.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/da/layer_da.h"
#include "eddl/layers/noise/layer_noise.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/operators/layer_operators.h"
#include "eddl/layers/pool/layer_pool.h"
#include "eddl_prune/adapter/optimizer_state.h"
#include "folded_batch_norm.h"
#include "graph_reader_layers.h"
#include "plan_applier_convolution.h"
#include "plan_applier_folding.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

namespace {

// One layer that changes. All is borrowed, from the net and the plan.
struct LayerChange {
    Layer& layer;
    const graph::Node& node;
    const graph::NodePlan& plan;
    const std::vector<std::size_t>& keep_in;  // of the first input
    bool shrinks_in, shrinks_out;             // any input; the output

    const std::vector<std::size_t>& keep_out() const { return plan.keep; }
    bool reshapes() const { return shrinks_in || shrinks_out; }
    bool changes_weights() const { return reshapes() || !plan.folded.empty() || !plan.cleared.empty(); }
};

bool owns_output(const Layer& layer) {
    return dynamic_cast<const LReshape*>(&layer) == nullptr && dynamic_cast<const LBypass*>(&layer) == nullptr;
}

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
        } else if (change.shrinks_out) {
            prepare_per_channel(change);
        }
        if (change.shrinks_out && owns_output(change.layer)) refresh_shape(change.layer.output, change.keep_out());
        if (change.reshapes()) prepare_caches(change);
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
        auto* convolution = dynamic_cast<LConv*>(&change.layer);
        FreshDescriptor* descriptor = nullptr;
        if (convolution != nullptr && change.reshapes())
            descriptor = descriptors
                             .emplace_back(std::make_unique<FreshDescriptor>(*convolution, change.keep_in.size(), change.keep_out().size(),
                                                                             change.plan.groups))
                             .get();
        const auto storage = [&](std::unique_ptr<Tensor> FreshDescriptor::*tensor) {
            return descriptor != nullptr ? std::move(descriptor->*tensor) : nullptr;
        };

        std::vector<AxisKeep> weight_axes = {{0, &change.keep_out()}, {1, &change.keep_in}};
        if (linear.connections.layout == graph::Layout::in_out) std::swap(weight_axes[0].keep, weight_axes[1].keep);
        weight_axes[1].groups = linear.connections.groups;
        weight_axes[1].kept_groups = change.plan.groups;
        Tensor* weights = replace_parameter(change.layer, WeightedLayer::weight_param, weight_axes, storage(&FreshDescriptor::kernel),
                                            storage(&FreshDescriptor::kernel_gradient));
        Tensor* bias = nullptr;  // EDDL's convolutions have one even where they do not use it
        if (change.layer.params.size() > WeightedLayer::bias_param)
            bias = replace_parameter(change.layer, WeightedLayer::bias_param, {{0, &change.keep_out()}}, storage(&FreshDescriptor::bias),
                                     storage(&FreshDescriptor::bias_gradient));
        fold_constants(linear, change.plan, change.keep_in, *weights, bias);
    }

    // Parameters and caches with one value a channel.
    void prepare_per_channel(const LayerChange& change) {
        const std::vector<AxisKeep> axes = {{0, &change.keep_out()}};
        for (std::size_t p = 0; p < change.layer.params.size(); ++p) replace_parameter(change.layer, p, axes);
        if (auto* norm = dynamic_cast<LBatchNorm*>(&change.layer))
            for (Tensor* tensor : {norm->bn_mean, norm->bn_var, norm->work1, norm->work2}) replace(tensor, axes);
    }

    void refresh_shape(Tensor* tensor, const std::vector<std::size_t>& keep) {
        if (tensor == nullptr) return;
        refreshes.push_back([tensor, shape = kept_shape(*tensor, {{channel_axis, &keep}})] { reshape_undefined(*tensor, shape); });
    }

    // What the classes keep beside tensors named elsewhere.
    void prepare_caches(const LayerChange& change) {
        const auto in = static_cast<int>(change.keep_in.size());
        const auto out = static_cast<int>(change.keep_out().size());
        if (auto* dense = dynamic_cast<LDense*>(&change.layer)) {
            refreshes.push_back([=] {
                dense->ndim = out;
                dense->inshape[channel_axis] = in;
                dense->outshape[channel_axis] = out;
            });
        } else if (auto* norm = dynamic_cast<LBatchNorm*>(&change.layer)) {
            refresh_shape(norm->opa, change.keep_out());
            refreshes.push_back([=] { norm->shape.front() = out; });
        } else if (auto* dropout = dynamic_cast<LDropout*>(&change.layer)) {
            refresh_shape(dropout->mask, change.keep_out());
        } else if (auto* noise = dynamic_cast<LGaussianNoise*>(&change.layer)) {
            refresh_shape(noise->noise, change.keep_out());
#if !defined(EDDL_EMBEDDED_ENGINE)
        } else if (auto* absolute = dynamic_cast<LAbs*>(&change.layer)) {
            refresh_shape(absolute->mask, change.keep_out());
#endif
        } else if (auto* pad = dynamic_cast<LPad*>(&change.layer)) {
            refreshes.push_back([=] { std::fill_n(pad->output->ptr, pad->output->size, pad->constant); });
        } else if (auto* pool = dynamic_cast<LPool*>(&change.layer)) {
            PoolDescriptor* descriptor = pool->pd;
            refresh_shape(descriptor->indX, change.keep_out());
            refresh_shape(descriptor->indY, change.keep_out());
            refreshes.push_back([=] {
                descriptor->size = descriptor->size / descriptor->iz * in;
                descriptor->iz = in;
                descriptor->z = out;
            });
        } else if (auto* folded = dynamic_cast<FoldedBatchNorm*>(&change.layer)) {
            refreshes.push_back([=] { folded->follow_parent(); });
        } else if (auto* reshape = dynamic_cast<LReshape*>(&change.layer)) {
            refreshes.push_back([=] {
                reshape->ls[channel_axis] = out;
                reshape_alias(*reshape->output, reshape->ls, reshape->parent.front()->output->ptr);
            });
        }
    }
};

PlanApplier::PlanApplier(const NetView& view, const graph::Graph& graph, const graph::Plan& plan)
    : prepared_(std::make_unique<Prepared>(view)) {
    const auto shrinks = [&](std::size_t n) { return plan.nodes[n].keep.size() != graph[n].channels; };
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const std::vector<std::size_t>& inputs = graph[n].inputs;
        if (inputs.empty()) continue;  // it keeps all its channels
        prepared_->prepare({*prepared_->layers[n], graph[n], plan.nodes[n], plan.nodes[inputs.front()].keep,
                            std::any_of(inputs.begin(), inputs.end(), shrinks), shrinks(n)});
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
