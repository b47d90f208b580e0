#include "eddl_prune/adapter/weights.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "channel_sum.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl_prune/kernels/channels.h"
#include "eddl_prune/kernels/elementwise.h"

namespace eddl_prune::adapter {

namespace {

float require_limit(double limit, const char* function) {
    const auto narrow = static_cast<float>(limit);
    if (limit >= 0.0 && std::isfinite(narrow)) return narrow;
    std::ostringstream text;
    text << function << ": T = " << limit << "; allowed: a finite number >= 0";
    throw std::invalid_argument(text.str());
}

// As kernels want them: unsigned, sorted, without repetition.
std::vector<std::size_t> require_channels(const WeightedLayer& layer, const std::vector<std::int64_t>& channels,
                                          const char* function) {
    std::vector<std::size_t> checked;
    for (const std::int64_t channel : channels) {
        if (channel < 0 || static_cast<std::uint64_t>(channel) >= layer.out_channels)
            throw std::out_of_range(std::string(function) + ": layer '" + layer.name() + "': channel " +
                                    std::to_string(channel) + "; allowed: 0 to " +
                                    std::to_string(layer.out_channels - 1));
        checked.push_back(static_cast<std::size_t>(channel));
    }
    std::sort(checked.begin(), checked.end());
    checked.erase(std::unique(checked.begin(), checked.end()), checked.end());
    return checked;
}

// The number newly zeroed.
std::size_t zero(const WeightedLayer& layer, const std::vector<std::size_t>& channels, bool biases) {
    std::size_t count = 0;
    for (const OutputBlock& block : output_blocks(layer)) {
        const std::vector<std::size_t> inside = channels_inside(block, channels);
        count += kernels::zero_channels(layer.weight->ptr + block.offset, block.shape, inside.data(), inside.size());
    }
    if (biases && layer.bias != nullptr)
        count += kernels::zero_channels(layer.bias->ptr, {1, layer.out_channels, 1}, channels.data(), channels.size());
    return count;
}

}  // namespace

std::vector<OutputBlock> output_blocks(const WeightedLayer& layer) {
    const std::size_t groups = layer.kind == WeightKind::transposed_convolution ? layer.groups : 1;
    const std::size_t channels = layer.out_channels / groups;
    kernels::AxisShape shape{layer.in_channels, channels, layer.taps};
    if (layer.kind == WeightKind::convolution) shape = {1, channels, layer.weights_per_channel()};
    std::vector<OutputBlock> blocks;
    for (std::size_t group = 0; group < groups; ++group)
        blocks.push_back({group * shape.size(), group * channels, shape});
    return blocks;
}

std::vector<std::size_t> channels_inside(const OutputBlock& block, const std::vector<std::size_t>& channels) {
    std::vector<std::size_t> inside;
    for (const std::size_t channel : channels)
        if (channel >= block.first_channel && channel - block.first_channel < block.shape.extent)
            inside.push_back(channel - block.first_channel);
    return inside;
}

std::vector<ChannelParameter> channel_parameters(Layer* layer, std::size_t position) {
    std::vector<ChannelParameter> found;
    const auto add = [&](Tensor* tensor, bool weighs) {
        const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(tensor->shape[axis]); };
        const bool is_matrix = tensor->shape.size() == 2;  // [in, out]
        const kernels::AxisShape shape{is_matrix ? extent(0) : 1, extent(is_matrix ? 1 : 0), 1};
        found.push_back({tensor, weighs, {0, 0, shape}});
    };
    if (const WeightedLayer weighted = describe_weights(layer, position); weighted.weight != nullptr) {
        if (is_on_last_axis(weighted)) return found;
        for (const OutputBlock& block : output_blocks(weighted)) found.push_back({weighted.weight, true, block});
        if (weighted.bias != nullptr) add(weighted.bias, false);
    } else if (auto* norm = dynamic_cast<LBatchNorm*>(layer); norm != nullptr && norm->affine) {
        add(norm->bn_g, true);
        add(norm->bn_b, false);
    } else if (layer->isrecurrent) {
        for (Tensor* tensor : layer->params) add(tensor, tensor->shape.size() == 2);
    } else if (auto* embedding = dynamic_cast<LEmbedding*>(layer)) {
        add(embedding->E, true);
    } else if (auto* sum = dynamic_cast<ChannelSum*>(layer)) {
        const std::vector<std::size_t>& channels = sum->form().constants;
        for (std::size_t i = 0; i < channels.size(); ++i)
            found.push_back({sum->params.front(), false, {i, channels[i], {1, 1, 1}}});
    }
    return found;
}

PerLayer<std::size_t> threshold(Net* net, double limit, bool biases, const std::vector<std::string>* names) {
    const NetView view(net, "threshold");
    const float narrow_limit = require_limit(limit, view.function());
    const std::vector<WeightedLayer> selected = view.select(names);
    view.require_finite();

    PerLayer<std::size_t> zeroed;
    zeroed.reserve(selected.size());
    for (const WeightedLayer& layer : selected) {
        std::size_t count = kernels::zero_below(layer.weight->ptr, layer.weight->size, narrow_limit);
        if (biases && layer.bias != nullptr)
            count += kernels::zero_below(layer.bias->ptr, layer.bias->size, narrow_limit);
        zeroed.emplace_back(layer.name(), count);
    }
    return zeroed;
}

PerLayer<std::vector<float>> channel_norms(Net* net, const std::vector<std::string>* names) {
    const NetView view(net, "channel_norms");
    PerLayer<std::vector<float>> norms;
    for (const WeightedLayer& layer : view.select(names)) {
        std::vector<double> sums(layer.out_channels);
        for (const OutputBlock& block : output_blocks(layer))
            kernels::channel_square_sums(layer.weight->ptr + block.offset, block.shape,
                                         sums.data() + block.first_channel);
        std::vector<float> roots(sums.size());
        std::transform(sums.begin(), sums.end(), roots.begin(),
                       [](double sum) { return static_cast<float>(std::sqrt(sum)); });
        norms.emplace_back(layer.name(), std::move(roots));
    }
    return norms;
}

PerLayer<std::size_t> zero_channels(Net* net, const std::map<std::string, std::vector<std::int64_t>>& channels,
                                    bool biases) {
    const NetView view(net, "zero_channels");
    std::vector<std::string> names;
    for (const auto& [name, unused] : channels) names.push_back(name);
    const std::vector<WeightedLayer> selected = view.select(&names);
    std::vector<std::vector<std::size_t>> checked;
    for (const WeightedLayer& layer : selected)
        checked.push_back(require_channels(layer, channels.at(layer.name()), view.function()));

    PerLayer<std::size_t> zeroed;
    zeroed.reserve(selected.size());
    for (std::size_t i = 0; i < selected.size(); ++i)
        zeroed.emplace_back(selected[i].name(), zero(selected[i], checked[i], biases));
    return zeroed;
}

}  // namespace eddl_prune::adapter
