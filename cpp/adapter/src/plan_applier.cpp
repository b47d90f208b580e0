#include "eddl_prune/adapter/plan_applier.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl_prune/adapter/optimizer_state.h"
#include "departing_layers.h"
#include "eddl_prune/kernels/threads.h"
#include "graph_reader_layers.h"
#include "pass_through.h"
#include "plan_applier_caches.h"
#include "plan_applier_convolution.h"
#include "plan_applier_folding.h"
#include "plan_applier_sums.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

namespace {

// One layer that changes. All is borrowed, from the net and the plan.
struct LayerChange : ShapeChange {
    const graph::Node& node;
    const graph::NodePlan& plan;

    bool reshapes() const { return shrinks_in || shrinks_out; }
    bool changes_weights() const {
        return reshapes() || !plan.folded.empty() || !plan.cleared.empty() || !plan.idle.empty() ||
               !plan.forgotten.empty();
    }
};

}  // namespace

struct PlanApplier::Prepared {
    // A tensor that loses entries.
    struct Cut {
        Tensor* tensor;
        KeptEntries kept;
        std::vector<int> shape;  // then
    };

    // What a layer's parameters take up of constants.
    struct Folding {
        ConstantFolding constants;
        Tensor* weights;
    };

    Net& net;
    const std::vector<Layer*> layers;
    OptimizerState& state;
    std::vector<Folding> foldings;
    std::vector<Cut> cuts;
    std::deque<std::vector<std::size_t>> lists;  // that cuts borrow, where they are not the plan's
    std::deque<graph::NodePlan> state_plans;     // what becomes of cells' own channels, as inputs
    std::vector<std::unique_ptr<FreshDescriptor>> descriptors;
    std::vector<std::function<void()>> refreshes;  // outputs and caches, in net order
    std::vector<std::unique_ptr<SumChange>> sums;
    std::vector<std::unique_ptr<PassThrough>> passes;
    std::unique_ptr<DepartingLayers> departing;

    Prepared(const NetView& view, OptimizerState& optimizer_state)
        : net(*view.net()), layers(view.layers()), state(optimizer_state) {}

    void prepare(const LayerChange& change) {
        if (const auto* linear = std::get_if<graph::Linear>(&change.node.operation)) {
            if (change.changes_weights()) prepare_linear(change, *linear);
        } else if (const auto* cell = std::get_if<graph::Recurrent>(&change.node.operation)) {
            if (change.changes_weights()) prepare_cell(change, *cell);
        } else if (auto* norm = dynamic_cast<LBatchNorm*>(&change.layer); norm != nullptr && change.shrinks_out) {
            prepare_norm(change, *norm);
        } else if (auto* embedding = dynamic_cast<LEmbedding*>(&change.layer);
                   embedding != nullptr && change.shrinks_out) {
            prepare_embedding(change, *embedding);
        }
        if (change.reshapes()) prepare_caches(change, refreshes);
    }

    // Whether the layer becomes, or is, one that adds uneven operands.
    bool prepare_sum(const LayerChange& change, const graph::Derived& derived,
                     const std::vector<const std::vector<std::size_t>*>& keep_in) {
        if (!SumChange::is_needed(change.node, change.layer, change.plan, keep_in)) return false;
        sums.push_back(std::make_unique<SumChange>(state, change.layer, derived, change.plan, keep_in));
        return true;
    }

    // A layer of which one input is left, and that all of it.
    void prepare_pass(const LayerChange& change) {
        checkpoint();
        const std::vector<std::size_t>& lost = change.plan.lost_inputs;
        std::size_t left = 0;
        while (left < lost.size() && lost[left] == left) ++left;
        passes.push_back(std::make_unique<PassThrough>(change.layer, *change.layer.parent[left], "merge"));
    }

    void take_over_moments(const ConstantSources& sources, const graph::Graph& graph, const graph::Plan& plan) {
        for (const std::unique_ptr<SumChange>& sum : sums) {
            const auto n =
                static_cast<std::size_t>(std::find(layers.begin(), layers.end(), &sum->layer()) - layers.begin());
            if (graph.sum(n) != nullptr) sum->take_over_moments(sources, n, plan.nodes[n]);
        }
    }

private:
    void cut(Tensor* tensor, const KeptEntries& kept) {
        if (tensor == nullptr) return;
        checkpoint();
        cuts.push_back({tensor, kept, kept_shape(*tensor, kept)});
    }

    // A parameter, and its gradients and moments, which have its shape.
    void cut_parameter(const Layer& layer, std::size_t param, const KeptEntries& kept) {
        const auto of_param = [param](const std::vector<Tensor*>& tensors) {
            return param < tensors.size() ? tensors[param] : nullptr;
        };
        cut(layer.params[param], kept);
        if (const ParameterMoments* moments = state.find(&layer, param))
            for (Tensor* moment : moments->tensors) cut(moment, kept);
        cut(of_param(layer.gradients), kept);
        cut(of_param(layer.acc_gradients), kept);
    }

    ConstantsTarget target_of(const LayerChange& change, const graph::Linear& linear) const {
        if (linear.bias != nullptr) return {change.layer.params[WeightedLayer::bias_param]};
        if (!change.plan.offset_behind) return {};
        return {dynamic_cast<const LBatchNorm&>(*layers[*change.plan.offset_behind]).mean, -1.0};
    }

    void prepare_linear(const LayerChange& change, const graph::Linear& linear) {
        checkpoint();
        const std::vector<Tensor*>& params = change.layer.params;
        // EDDL's convolutions have a bias even where they do not use it.
        const bool has_bias = params.size() > WeightedLayer::bias_param;
        foldings.push_back({ConstantFolding(linear.connections, change.plan, target_of(change, linear)),
                            params[WeightedLayer::weight_param]});
        if (!change.reshapes()) return;

        if (auto made =
                make_fresh_descriptor(change.layer, change.keep_in.size(), change.keep_out.size(), change.plan.groups))
            descriptors.push_back(std::move(made));
        KeptEntries weights{&change.keep_out, &change.keep_in, linear.connections.groups, change.plan.groups};
        if (linear.connections.layout == graph::Layout::in_out) std::swap(weights.first, weights.second);
        cut_parameter(change.layer, WeightedLayer::weight_param, weights);
        if (has_bias) cut_parameter(change.layer, WeightedLayer::bias_param, {&change.keep_out});
    }

    // The gates' weights for the inputs, then those for the states, then the biases.
    void prepare_cell(const LayerChange& change, const graph::Recurrent& cell) {
        const std::vector<Tensor*>& params = change.layer.params;
        const std::size_t gates = cell.from_inputs.size();
        graph::NodePlan& states = state_plans.emplace_back();
        states.keep = change.plan.keep;
        states.cleared = change.plan.forgotten;
        for (std::size_t g = 0; g < gates; ++g) {
            checkpoint();
            Tensor* const bias = cell.has_biases ? params[2 * gates + g] : nullptr;
            foldings.push_back({ConstantFolding(cell.from_inputs[g], change.plan, {bias}), params[g]});
            foldings.push_back({ConstantFolding(cell.from_states[g], states, {}), params[gates + g]});
        }
        if (!change.reshapes()) return;
        for (std::size_t p = 0; p < params.size(); ++p)
            if (p >= 2 * gates)
                cut_parameter(change.layer, p, {&change.keep_out});
            else
                cut_parameter(change.layer, p, {p < gates ? &change.keep_in : &change.keep_out, &change.keep_out});
    }

    // All words have the same columns.
    void prepare_embedding(const LayerChange& change, LEmbedding& embedding) {
        std::vector<std::size_t>& words = lists.emplace_back(static_cast<std::size_t>(embedding.vocsize));
        std::iota(words.begin(), words.end(), std::size_t{0});
        const auto end =
            std::lower_bound(change.keep_out.begin(), change.keep_out.end(), static_cast<std::size_t>(embedding.dim));
        cut_parameter(embedding, 0, {&words, &lists.emplace_back(change.keep_out.begin(), end)});
    }

    void prepare_norm(const LayerChange& change, LBatchNorm& norm) {
        const KeptEntries kept{&change.keep_out};
        for (std::size_t p = 0; p < norm.params.size(); ++p) cut_parameter(norm, p, kept);
        for (Tensor* tensor : {norm.bn_mean, norm.bn_var, norm.work1, norm.work2}) cut(tensor, kept);
    }
};

PlanApplier::PlanApplier(const NetView& view, const graph::Graph& graph, const graph::Plan& plan, OptimizerState& state)
    : prepared_(std::make_unique<Prepared>(view, state)) {
    const auto shrinks = [&](std::size_t n) { return plan.nodes[n].keep.size() != graph[n].channels; };
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const std::vector<std::size_t>& inputs = graph[n].inputs;
        if (inputs.empty() || plan.nodes[n].keep.empty()) continue;  // it keeps all its channels, or leaves
        const ShapeChange shapes{*prepared_->layers[n], plan.nodes[inputs.front()].keep, plan.nodes[n].keep,
                                 std::any_of(inputs.begin(), inputs.end(), shrinks), shrinks(n)};
        const LayerChange change{shapes, graph[n], plan.nodes[n]};
        prepared_->prepare(change);
        if (const graph::Derived* sum = graph.sum(n)) {
            std::vector<const std::vector<std::size_t>*> keep_in;
            for (const std::size_t input : inputs) keep_in.push_back(&plan.nodes[input].keep);
            if (prepared_->prepare_sum(change, *sum, keep_in)) continue;
        }
        if (const std::size_t lost = plan.nodes[n].lost_inputs.size(); lost > 0 && lost + 1 == inputs.size())
            prepared_->prepare_pass(change);
    }
    if (!prepared_->sums.empty()) prepared_->take_over_moments(ConstantSources(view, graph), graph, plan);
    prepared_->departing = std::make_unique<DepartingLayers>(prepared_->net, state, prepared_->layers, graph, plan);
}

PlanApplier::~PlanApplier() = default;

std::shared_ptr<const void> PlanApplier::commit() noexcept {
    free_deltas(prepared_->layers);
    for (const Prepared::Folding& folding : prepared_->foldings) folding.constants.apply(*folding.weights);
    kernels::run_in_parallel(prepared_->cuts.size(), [this](std::size_t i) {
        const Prepared::Cut& cut = prepared_->cuts[i];
        compact(*cut.tensor, cut.kept);
        shrink(*cut.tensor, cut.shape);
    });
    for (const auto& refresh : prepared_->refreshes) refresh();
    for (const auto& descriptor : prepared_->descriptors) descriptor->commit();
    prepared_->departing->commit();
    for (const auto& sum : prepared_->sums) sum->commit(prepared_->net);
    for (auto& pass : prepared_->passes) pass.release()->replace(prepared_->net);
    if (!prepared_->passes.empty()) follow_parents(prepared_->net.layers);
    std::shared_ptr<const void> departed = prepared_->departing->layers();
    prepared_.reset();
    return departed;
}

}  // namespace eddl_prune::adapter
