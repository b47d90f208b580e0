#include "eddl_prune/adapter/channel_scores.h"

#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/adapter/output_derivatives.h"
#include "eddl_prune/adapter/serene.h"
#include "eddl_prune/adapter/weights.h"
#include "eddl_prune/kernels/channels.h"
#include "eddl_prune/kernels/sensitivity.h"

namespace eddl_prune::adapter {

namespace {

const char* const function_name = "remove_channels";

ChannelScores blank(const Layer& layer, std::size_t position, std::size_t channels) {
    ChannelScores scores;
    scores.layer = layer.name;
    scores.position = position;
    for (std::vector<double>* values : {&scores.absolute, &scores.square, &scores.taylor}) values->assign(channels, 0.0);
    return scores;
}

ChannelScores scores_of(const WeightedLayer& layer) {
    ChannelScores scores = blank(*layer.layer, layer.position, layer.out_channels);
    scores.weights = layer.weight->size / layer.out_channels;
    for (const OutputBlock& block : output_blocks(layer)) {
        const float* const weights = layer.weight->ptr + block.offset;
        const auto at = [&](std::vector<double>& values) { return values.data() + block.first_channel; };
        kernels::add_channel_absolute_sums(weights, block.shape, at(scores.absolute));
        kernels::channel_square_sums(weights, block.shape, at(scores.square));
        kernels::add_channel_product_sums(weights, layer.weight_gradient->ptr + block.offset, block.shape, at(scores.taylor));
    }
    if (layer.bias != nullptr)
        kernels::add_channel_product_sums(layer.bias->ptr, layer.bias_gradient->ptr, {1, layer.out_channels, 1},
                                          scores.taylor.data());
    return scores;
}

ChannelScores scores_of(const LBatchNorm& norm, std::size_t position) {
    const auto channels = static_cast<std::size_t>(norm.output->shape.at(1));
    const kernels::AxisShape shape{1, channels, 1};
    ChannelScores scores = blank(norm, position, channels);
    scores.normalises = true;
    scores.weights = 1;
    kernels::add_channel_absolute_sums(norm.bn_g->ptr, shape, scores.absolute.data());
    kernels::channel_square_sums(norm.bn_g->ptr, shape, scores.square.data());
    kernels::add_channel_product_sums(norm.bn_g->ptr, norm.gbn_g->ptr, shape, scores.taylor.data());
    kernels::add_channel_product_sums(norm.bn_b->ptr, norm.gbn_b->ptr, shape, scores.taylor.data());
#if !defined(EDDL_EMBEDDED_ENGINE)
    // EDDL's gradients of scale and shift are means over the batch and the positions.
    for (double& value : scores.taylor) value *= static_cast<double>(norm.output->size / channels);
#endif
    return scores;
}

}  // namespace

std::vector<ChannelScores> channel_scores(Net* net) {
    const NetView view(net, function_name);
    view.require_finite();
    std::vector<ChannelScores> all;
    for (std::size_t k = 0; k < view.layers().size(); ++k) {
        const WeightedLayer weighted = describe_weights(view.layers()[k], k);
        if (weighted.weight != nullptr) {
            all.push_back(scores_of(weighted));
        } else if (const auto* norm = dynamic_cast<const LBatchNorm*>(view.layers()[k])) {
            if (norm->affine) all.push_back(scores_of(*norm, k));
        }
    }
    return all;
}

void require_sensitivities(Net* net, const char* function) {
    OutputDerivatives::check(function, NetView(net, function).layers());
}

std::vector<std::pair<std::size_t, std::vector<float>>> channel_sensitivities(Net* net) {
    require_sensitivities(net, function_name);
    const NetView view(net, function_name);
    std::vector<float> scratch;
    std::size_t passes = 0;
    std::vector<std::vector<float>> values =
        neuron_sensitivities(function_name, view.layers(), view.weighted(), Serene::Mode::full, scratch, passes);
    std::vector<std::pair<std::size_t, std::vector<float>>> found;
    for (std::size_t i = 0; i < values.size(); ++i) found.emplace_back(view.weighted()[i].position, std::move(values[i]));
    return found;
}

}  // namespace eddl_prune::adapter
