#include "departing_layers.h"

#include <algorithm>
#include <utility>

#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/pool/layer_pool.h"
#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/adapter/optimizer_wrapper.h"
#include "plan_applier_convolution.h"
#include "plan_applier_tensors.h"
#include "recurrent_roles.h"

namespace eddl_prune::adapter {

namespace {

// All of a layer's own tensors that may be large.
std::vector<Tensor*> tensors_of(Layer& layer) {
    std::vector<Tensor*> tensors;
    const auto add = [&](Tensor* tensor) {
        if (tensor != nullptr) tensors.push_back(tensor);
    };
    const bool passes_on = !layer.parent.empty() && layer.output == layer.parent.front()->output;
    if (!passes_on && !is_view(layer)) add(layer.output);
    for (const vtensor* list : {&layer.params, &layer.gradients, &layer.acc_gradients})
        std::for_each(list->begin(), list->end(), add);
    for (Tensor* state : layer.states)
        if (state != layer.output) add(state);
    if (auto* norm = dynamic_cast<LBatchNorm*>(&layer)) add(norm->opa);
#if !defined(EDDL_EMBEDDED_ENGINE)
    if (auto* norm = dynamic_cast<LLayerNorm*>(&layer)) add(norm->opa);
    if (auto* norm = dynamic_cast<LGroupNorm*>(&layer)) add(norm->opa);
#endif
    const auto add_indices = [&](auto* pool) {
        if (pool == nullptr) return;
        add(pool->pd->indX);
        add(pool->pd->indY);
    };
    add_indices(dynamic_cast<LPool*>(&layer));
    add_indices(dynamic_cast<LPool1D*>(&layer));
    add_indices(dynamic_cast<LPool3D*>(&layer));
    if (auto* convolution = dynamic_cast<LConv1D*>(&layer)) add(convolution->cd->O);  // of which the output is a view
    if (auto* pool = dynamic_cast<LPool1D*>(&layer)) add(pool->pd->O);
    if (auto* dropout = dynamic_cast<LDropout*>(&layer)) add(dropout->mask);
    return tensors;
}

void erase(vlayer& list, const Layer* layer) noexcept {
    list.erase(std::remove(list.begin(), list.end(), layer), list.end());
}

void count_neighbours(Layer& layer) noexcept {
    layer.lin = static_cast<int>(layer.parent.size());
    layer.lout = static_cast<int>(layer.child.size());
}

#if !defined(EDDL_EMBEDDED_ENGINE)
// Readers make their parents' deltas. EDDL's inputs without a delta crash in backward.
void give_deltas_to_unread_inputs(const vlayer& layers, const graph::Graph& graph, const graph::Plan& plan) {
    std::vector<bool> read(graph.size());
    for (std::size_t n = 0; n < graph.size(); ++n)
        for (std::size_t k = 0; k < graph[n].inputs.size() && !plan.nodes[n].keep.empty(); ++k) {
            const std::vector<std::size_t>& lost = plan.nodes[n].lost_inputs;
            if (!std::binary_search(lost.begin(), lost.end(), k)) read[graph[n].inputs[k]] = true;
        }
    for (std::size_t n = 0; n < graph.size(); ++n)
        if (dynamic_cast<LInput*>(layers[n]) != nullptr && !read[n]) layers[n]->mem_delta();
}
#endif

}  // namespace

struct DepartingLayers::Prepared {
    struct Emptying {
        Tensor* tensor;
        std::unique_ptr<Tensor> zero;  // what it becomes
    };
    struct Loss {
        Layer* layer;
        const std::vector<std::size_t>* inputs;  // ascending
        bool decodes;                            // maybe only since one of these does
    };

    // A layer whose output is its parent's memory: it never owns what its output holds.
    struct View {
        Layer* layer;
        std::vector<int> shape;  // then
    };

    // Who has left.
    struct Owner {
        vlayer layers;
        float nothing = 0.0f;  // what views among them show
        ~Owner() {
            for (Layer* layer : layers) delete layer;
        }
    };

    Net& net;
    OptimizerState& state;
    vlayer layers;
    std::vector<Loss> losses;
    std::vector<Emptying> emptyings;
    std::vector<View> views;
    std::shared_ptr<Owner> owner = std::make_shared<Owner>();

    Prepared(Net& of, OptimizerState& optimizer_state) : net(of), state(optimizer_state) {}

    void prepare(Layer& layer) {
        checkpoint();
        layers.push_back(&layer);
        if (is_view(layer)) views.push_back({&layer, std::vector<int>(layer.output->shape.size(), 1)});
        for (Tensor* tensor : tensors_of(layer))
            emptyings.push_back(
                {tensor, std::unique_ptr<Tensor>(Tensor::zeros(std::vector<int>(tensor->shape.size(), 1), layer.dev))});
    }

    void lose_inputs(const Loss& loss) noexcept {
        Layer& layer = *loss.layer;
        const std::vector<std::size_t>& inputs = *loss.inputs;
        layer.isdecoder = loss.decodes;
        for (auto k = inputs.rbegin(); k != inputs.rend(); ++k) {
            const auto lost = layer.parent.begin() + static_cast<std::ptrdiff_t>(*k);
            vlayer& readers = (*lost)->child;
            if (const auto reader = std::find(readers.begin(), readers.end(), &layer); reader != readers.end())
                readers.erase(reader);
            count_neighbours(**lost);
            layer.parent.erase(lost);
        }
        count_neighbours(layer);
        layer.input = layer.parent.front()->output;
    }

    void leave(Layer& layer) noexcept {
        for (Layer* parent : layer.parent) {
            erase(parent->child, &layer);
            count_neighbours(*parent);
        }
        layer.parent.clear();
        layer.child.clear();  // they leave too, or have lost this input
        count_neighbours(layer);
        for (vlayer* list : {&net.layers, &net.layersf, &net.layersb, &net.vfts, &net.vbts}) erase(*list, &layer);
        for (auto param = static_cast<std::size_t>(layer.get_trainable_params_count()); param-- > 0;)
            state.erase(&layer, param);
        for (Optimizer* optimizer = net.optimizer; optimizer != nullptr;) {
            erase(optimizer->layers, &layer);
            const auto* wrapper = dynamic_cast<WrappedOptimizer*>(optimizer);
            optimizer = wrapper != nullptr ? wrapper->inner() : nullptr;
        }
        layer.decrease_and_get_reference_counter();
    }
};

DepartingLayers::DepartingLayers(Net& net, OptimizerState& state, const vlayer& layers, const graph::Graph& graph,
                                 const graph::Plan& plan)
    : prepared_(std::make_unique<Prepared>(net, state)) {
    const std::vector<bool> decoding = decoding_layers(layers);
    for (std::size_t n = 0; n < graph.size(); ++n) {
        if (plan.nodes[n].keep.empty()) prepared_->prepare(*layers[n]);
        if (!plan.nodes[n].lost_inputs.empty())
            prepared_->losses.push_back({layers[n], &plan.nodes[n].lost_inputs, decoding[n]});
    }
#if !defined(EDDL_EMBEDDED_ENGINE)
    give_deltas_to_unread_inputs(layers, graph, plan);
#endif
}

DepartingLayers::~DepartingLayers() = default;

void DepartingLayers::commit() noexcept {
    for (const Prepared::Loss& loss : prepared_->losses) prepared_->lose_inputs(loss);
    // Children first: what leaves still finds its parents.
    std::for_each(prepared_->layers.rbegin(), prepared_->layers.rend(),
                  [this](Layer* layer) { prepared_->leave(*layer); });
    for (Layer* layer : prepared_->layers) release_workspace_of(*layer);
    for (const Prepared::Emptying& emptying : prepared_->emptyings) exchange(*emptying.tensor, *emptying.zero);
    prepared_->emptyings.clear();
    for (const Prepared::View& view : prepared_->views)
        reshape_alias(*view.layer->output, view.shape, &prepared_->owner->nothing);
    prepared_->owner->layers.swap(prepared_->layers);
}

std::shared_ptr<const void> DepartingLayers::layers() const {
    return prepared_->owner->layers.empty() ? nullptr : prepared_->owner;
}

}  // namespace eddl_prune::adapter
