#include "eddl_prune/adapter/batch_norm_folding.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl_prune/adapter/optimizer_state.h"
#include "folded_batch_norm.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

namespace {

constexpr std::size_t weight_param = 0, bias_param = 1;  // indices into params

// Where a layer's output channels lie in its weights: element ((a · channels + c) · inner + i) is channel c's.
enum class ChannelAxis { first, second, last };

// A convolution or dense layer whose output channels may be scaled and shifted.
struct Linear {
    Layer* layer = nullptr;
    bool* use_bias = nullptr;
    LDense* dense = nullptr;  // the only kind without a bias tensor where it uses none
    ChannelAxis axis = ChannelAxis::first;
    std::size_t groups = 1;   // of a transposed convolution, whose weights are [in, out / groups, …]

    std::size_t channels() const { return static_cast<std::size_t>(layer->output->shape.at(1)); }
};

template <class Convolution>
bool read_convolution(Layer* layer, ChannelAxis axis, Linear& linear) {
    auto* convolution = dynamic_cast<Convolution*>(layer);
    if (convolution == nullptr) return false;
    linear = {layer, &convolution->cd->use_bias, nullptr, axis, 1};
    if (axis == ChannelAxis::second) linear.groups = static_cast<std::size_t>(convolution->cd->groups);
    return true;
}

// Why the layer cannot take up a batch norm; "" where it can, and `linear` describes it.
std::string read_linear(Layer* layer, Linear& linear) {
    if (auto* dense = dynamic_cast<LDense*>(layer)) {
        if (dense->output->ndim != 2) return "its dense layer works on the last of several axes";
        linear = {layer, &dense->use_bias, dense, ChannelAxis::last, 1};
        return "";
    }
    if (read_convolution<LConv>(layer, ChannelAxis::first, linear) ||
        read_convolution<LConv1D>(layer, ChannelAxis::first, linear))
        return "";
#if defined(EDDL_EMBEDDED_ENGINE)
    if (read_convolution<LConv3D>(layer, ChannelAxis::first, linear) ||
        read_convolution<LConvT2D>(layer, ChannelAxis::second, linear) ||
        read_convolution<LConvT3D>(layer, ChannelAxis::second, linear))
        return "";
#else
    if (dynamic_cast<LConv3D*>(layer) != nullptr) return "EDDL's Conv3D ignores its bias";
#endif
    return "it follows '" + layer->name + "', which is neither a convolution nor a dense layer";
}

bool is_output(const Net& net, const Layer* layer) {
    return std::find(net.lout.begin(), net.lout.end(), layer) != net.lout.end();
}

// The batch norm's function of one channel: scale · x + shift.
struct ScaleShift {
    double scale, shift;
};

ScaleShift function_of(const LBatchNorm& norm, std::size_t channel) {
    const auto value = [channel](const Tensor* tensor) { return static_cast<double>(tensor->ptr[channel]); };
    const double deviation = std::sqrt(value(norm.variance) + static_cast<double>(norm.epsilon));
    const double scale = (norm.affine ? value(norm.bn_g) : 1.0) / deviation;
    return {scale, (norm.affine ? value(norm.bn_b) : 0.0) - value(norm.mean) * scale};
}

// Multiplies what belongs to one output channel in a tensor of the weights' shape. Zeros are not written: moments that
// no training has touched yet take no memory until they are.
void scale_channel(const Linear& linear, Tensor& tensor, std::size_t channel, double factor) {
    const auto scale = [factor](float& value) {
        if (value != 0.0f) value = static_cast<float>(factor * static_cast<double>(value));
    };
    std::size_t outer = 1, extent = linear.channels(), index = channel;
    std::size_t first_outer = 0;
    if (linear.axis == ChannelAxis::last) {
        outer = static_cast<std::size_t>(tensor.shape[0]);
    } else if (linear.axis == ChannelAxis::second) {
        extent /= linear.groups;
        outer = static_cast<std::size_t>(tensor.shape[0]) / linear.groups;
        first_outer = channel / extent * outer;
        index = channel % extent;
    }
    const auto rows = static_cast<std::size_t>(linear.axis == ChannelAxis::first ? 1 : tensor.shape[0]);
    const std::size_t inner = tensor.size / (rows * extent);
    for (std::size_t a = first_outer; a < first_outer + outer; ++a) {
        float* const begin = tensor.ptr + (a * extent + index) * inner;
        std::for_each(begin, begin + inner, scale);
    }
}

// Calls `change` with every moment and the factor that it takes where the weights are multiplied by `scale`.
template <class Change>
void for_moments(const ParameterMoments* moments, double scale, Change change) {
    for (std::size_t i = 0; i < (moments != nullptr ? moments->tensors.size() : 0); ++i)
        change(*moments->tensors[i], moment_factor(moments->follows[i], scale));
}

}  // namespace

struct BatchNormFolding::Prepared {
    struct Pair {
        Linear linear;
        LBatchNorm* norm = nullptr;
        std::unique_ptr<FoldedBatchNorm> replacement;
        // Where the linear layer has no bias yet:
        bool adds_bias = false;
        std::vector<float> unused_bias;                          // what a convolution's held
        std::unique_ptr<Tensor> bias, bias_gradient;             // a dense layer's
    };

    explicit Prepared(const NetView& view) : net(*view.net()), state(view.optimizer()) {
        const std::unordered_set<const Tensor*> shared = view.shared_parameters();
        std::unordered_map<const Layer*, std::size_t> position_of;
        for (std::size_t k = 0; k < view.layers().size(); ++k) position_of[view.layers()[k]] = k;
        for (std::size_t k = 0; k < view.layers().size(); ++k) {
            auto* norm = dynamic_cast<LBatchNorm*>(view.layers()[k]);
            if (norm == nullptr) continue;
            Pair pair;
            BatchNormFold fold;
            fold.norm_position = k;
            fold.obstacle = find_linear(*norm, shared, pair);
            if (fold.obstacle.empty()) {
                fold.linear_position = position_of.at(pair.linear.layer);
                fold.adds_bias = pair.adds_bias;
                prepare(pair);
                pairs.push_back(std::move(pair));
            }
            folds.push_back(std::move(fold));
        }
    }

    Net& net;
    OptimizerState state;
    std::vector<Pair> pairs;
    std::vector<BatchNormFold> folds;
    bool begun = false;

    void add_bias(Pair& pair) noexcept {
        *pair.linear.use_bias = true;
        Layer& layer = *pair.linear.layer;
        if (LDense* dense = pair.linear.dense) {
            layer.params.push_back(dense->bias = pair.bias.release());
            layer.gradients.push_back(dense->gbias = pair.bias_gradient.release());
            state.insert(&layer, bias_param);
        } else {
            layer.params[bias_param]->fill_(0.0f);
        }
    }

    void take_bias_back(Pair& pair) noexcept {
        *pair.linear.use_bias = false;
        Layer& layer = *pair.linear.layer;
        if (LDense* dense = pair.linear.dense) {
            state.erase(&layer, bias_param);
            layer.params.pop_back();
            layer.gradients.pop_back();
            pair.bias.reset(std::exchange(dense->bias, nullptr));
            pair.bias_gradient.reset(std::exchange(dense->gbias, nullptr));
        } else {
            std::copy(pair.unused_bias.begin(), pair.unused_bias.end(), layer.params[bias_param]->ptr);
        }
    }

    void fold(Pair& pair) noexcept {
        Layer& layer = *pair.linear.layer;
        Tensor& weights = *layer.params[weight_param];
        Tensor& bias = *layer.params[bias_param];
        const ParameterMoments* weight_moments = state.find(&layer, weight_param);
        const ParameterMoments* bias_moments = state.find(&layer, bias_param);
        const bool one_for_all = pair.norm->output->shape[1] == 1;
        for (std::size_t c = 0; c < pair.linear.channels(); ++c) {
            const ScaleShift function = function_of(*pair.norm, one_for_all ? 0 : c);
            scale_channel(pair.linear, weights, c, function.scale);
            bias.ptr[c] = static_cast<float>(function.scale * static_cast<double>(bias.ptr[c]) + function.shift);
            for_moments(weight_moments, function.scale, [&](Tensor& moment, double factor) {
                scale_channel(pair.linear, moment, c, factor);
            });
            for_moments(bias_moments, function.scale, [&](Tensor& moment, double factor) {
                moment.ptr[c] = static_cast<float>(factor * static_cast<double>(moment.ptr[c]));
            });
        }
        for (auto p = static_cast<std::size_t>(pair.norm->get_trainable_params_count()); p-- > 0;)
            state.erase(pair.norm, p);
        pair.replacement.release()->replace(net);
    }

private:
    // Fills in `pair` but for the new objects; returns the obstacle, if there is one.
    std::string find_linear(LBatchNorm& norm, const std::unordered_set<const Tensor*>& shared, Pair& pair) const {
        const auto is_shared = [&](const Tensor* parameter) { return shared.count(parameter) != 0; };
        Layer* below = norm.parent.at(0);
        for (;; below = below->parent.at(0)) {
            if (below->child.size() != 1) return "'" + below->name + "' is read by others too";
            if (is_output(net, below)) return "'" + below->name + "' is an output of the net";
            if (!is_view(*below)) break;  // EDDL puts one before the batch norm of a 1-D layer
        }
        const std::string obstacle = read_linear(below, pair.linear);
        if (!obstacle.empty()) return obstacle;
        const auto channels = static_cast<std::size_t>(norm.output->shape.at(1));
        if (channels != pair.linear.channels() && channels != 1)
            return "it has " + std::to_string(channels) + " channels, '" + below->name + "' has " +
                   std::to_string(pair.linear.channels());
        if (std::any_of(below->params.begin(), below->params.end(), is_shared) ||
            std::any_of(norm.params.begin(), norm.params.end(), is_shared))
            return "another layer of the net uses its parameters too";
        pair.norm = &norm;
        pair.adds_bias = !*pair.linear.use_bias;
        return "";
    }

    void prepare(Pair& pair) {
        checkpoint();
        pair.replacement = std::make_unique<FoldedBatchNorm>(*pair.norm);
        if (!pair.adds_bias) return;
        Layer& layer = *pair.linear.layer;
        if (pair.linear.dense == nullptr) {
            const Tensor& bias = *layer.params.at(bias_param);
            pair.unused_bias.assign(bias.ptr, bias.ptr + bias.size);
            return;
        }
        const int units = pair.linear.layer->output->shape[1];
        pair.bias.reset(Tensor::zeros({units}, layer.dev));
        pair.bias_gradient.reset(Tensor::zeros({units}, layer.dev));
        layer.params.reserve(bias_param + 1);
        layer.gradients.reserve(bias_param + 1);
        state.prepare_insert(&layer, bias_param, {units});
    }
};

BatchNormFolding::BatchNormFolding(const NetView& view) : prepared_(std::make_unique<Prepared>(view)) {}

BatchNormFolding::~BatchNormFolding() {
    if (prepared_ == nullptr || !prepared_->begun) return;
    for (auto pair = prepared_->pairs.rbegin(); pair != prepared_->pairs.rend(); ++pair)
        if (pair->adds_bias) prepared_->take_bias_back(*pair);
}

void BatchNormFolding::begin() noexcept {
    for (Prepared::Pair& pair : prepared_->pairs)
        if (pair.adds_bias) prepared_->add_bias(pair);
    prepared_->begun = true;
}

void BatchNormFolding::commit() noexcept {
    if (!prepared_->pairs.empty()) free_deltas(prepared_->net.layers);
    const vlayer& layers = prepared_->net.layers;
    for (Prepared::Pair& pair : prepared_->pairs)
        // it may have left meanwhile
        if (std::find(layers.begin(), layers.end(), pair.norm) != layers.end()) prepared_->fold(pair);
    follow_parents(layers);
    prepared_->begun = false;
}

OptimizerState& BatchNormFolding::optimizer_state() { return prepared_->state; }

const std::vector<BatchNormFold>& BatchNormFolding::folds() const { return prepared_->folds; }

}  // namespace eddl_prune::adapter
