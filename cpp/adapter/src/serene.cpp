#include "eddl_prune/adapter/serene.h"

#include <algorithm>
#include <unordered_map>

#include "eddl_prune/adapter/activity.h"
#include "eddl_prune/adapter/output_derivatives.h"
#include "eddl_prune/adapter/weights.h"
#include "eddl_prune/kernels/sensitivity.h"

namespace eddl_prune::adapter {

namespace {

// The layer's output, and its delta, along the neurons.
kernels::AxisShape neuron_axis(const WeightedLayer& layer) {
    const std::size_t size = layer.layer->output->size, neurons = layer.out_channels;
    if (layer.kind == WeightKind::dense) return {size / neurons, neurons, 1};
    const auto batch = static_cast<std::size_t>(layer.layer->output->shape.front());
    return {batch, neurons, size / batch / neurons};
}

}  // namespace

Serene::Serene(Optimizer* inner, const ShrinkingOptions& options, Mode mode)
    : OutputMethod("SeReNe", inner, options), mode_(mode) {}

void Serene::measure(const std::vector<WeightedLayer>& selected) {
    sensitivities_ = neuron_sensitivities(name, layers, selected, mode_, scratch_, passes_);
}

void Serene::shrink(const std::vector<WeightedLayer>& selected, float lambda) {
    for (std::size_t i = 0; i < selected.size(); ++i) {
        const WeightedLayer& layer = selected[i];
        const float* s = sensitivities_.at(i).data();
        for (const OutputBlock& block : output_blocks(layer))
            kernels::neuron_step(layer.weight->ptr + block.offset, block.shape, s + block.first_channel, lambda);
        if (options().biases && layer.bias != nullptr)
            kernels::neuron_step(layer.bias->ptr, {1, layer.out_channels, 1}, s, lambda);
    }
}

WrappedOptimizer* Serene::rewrap(Optimizer* inner) const { return new Serene(inner, options(), mode_); }

std::vector<std::vector<float>> neuron_sensitivities(const std::string& function, const vlayer& layers,
                                                     const std::vector<WeightedLayer>& of, Serene::Mode mode,
                                                     std::vector<float>& scratch, std::size_t& passes) {
    passes = 0;
    if (mode == Serene::Mode::local) return activity(layers, of, scratch);
    OutputDerivatives derivatives(function, layers, layers_of(of), OutputDerivatives::By::outputs, scratch);
    std::unordered_map<const Layer*, std::size_t> index;
    std::vector<std::vector<double>> sums;
    for (std::size_t i = 0; i < of.size(); ++i) {
        index[of[i].layer] = i;
        sums.emplace_back(of[i].out_channels, 0.0);
    }
    const auto add = [&](Layer* layer) {
        const std::size_t i = index.at(layer);
        kernels::add_channel_absolute_sums(layer->delta->ptr, neuron_axis(of[i]), sums[i].data());
    };
    if (mode == Serene::Mode::full)
        derivatives.visit_each(OutputDerivatives::Reduction::sum, 1.0f, add);
    else
        derivatives.visit_sum(add);
    passes = derivatives.passes();

    std::vector<std::vector<float>> sensitivities;
    for (std::size_t i = 0; i < of.size(); ++i) {
        const kernels::AxisShape shape = neuron_axis(of[i]);
        const auto terms = static_cast<double>(shape.outer * shape.inner * derivatives.classes());
        std::vector<float> means(sums[i].size());
        std::transform(sums[i].begin(), sums[i].end(), means.begin(),
                       [terms](double sum) { return static_cast<float>(sum / terms); });
        sensitivities.push_back(std::move(means));
    }
    return sensitivities;
}

}  // namespace eddl_prune::adapter
