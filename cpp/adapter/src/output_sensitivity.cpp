#include "eddl_prune/adapter/output_sensitivity.h"

#include <unordered_map>

#include "eddl_prune/adapter/output_derivatives.h"
#include "eddl_prune/kernels/sensitivity.h"

namespace eddl_prune::adapter {

OutputSensitivity::OutputSensitivity(Optimizer* inner, const ShrinkingOptions& options, Mode mode)
    : OutputMethod("OutputSensitivity", inner, options), mode_(mode) {}

void OutputSensitivity::measure(const std::vector<WeightedLayer>& selected) {
    sensitivities_.resize(selected.size());
    std::unordered_map<const Layer*, std::size_t> index;
    for (std::size_t i = 0; i < selected.size(); ++i) {
        index[selected[i].layer] = i;
        sensitivities_[i].weight.assign(selected[i].weight->size, 0.0f);
        sensitivities_[i].bias.assign(selected[i].bias == nullptr ? 0 : selected[i].bias->size, 0.0f);
    }
    OutputDerivatives derivatives(name, layers, layers_of(selected), OutputDerivatives::By::parameters, scratch_);
    const bool specific = mode_ == Mode::specific;
    const float alpha = 1.0f / static_cast<float>(specific ? derivatives.outputs() : derivatives.classes());
    const auto add_up = [](std::vector<float>& sum, const Tensor* gradient) {
        if (!sum.empty()) kernels::add_absolute(sum.data(), gradient->ptr, sum.size());
    };
    derivatives.visit_each(
        specific ? OutputDerivatives::Reduction::mean_of_target : OutputDerivatives::Reduction::mean, alpha,
        [&](const Layer* layer) {
            const std::size_t i = index.at(layer);
            add_up(sensitivities_[i].weight, selected[i].weight_gradient);
            add_up(sensitivities_[i].bias, selected[i].bias_gradient);
        });
    passes_ = derivatives.passes();
}

void OutputSensitivity::shrink(const std::vector<WeightedLayer>& selected, float lambda) {
    for (std::size_t i = 0; i < selected.size(); ++i) {
        const auto step = [lambda](Tensor* parameter, const std::vector<float>& s) {
            kernels::lobster_step(parameter->ptr, s.data(), s.size(), lambda);
        };
        step(selected[i].weight, sensitivities_.at(i).weight);
        if (options().biases && selected[i].bias != nullptr) step(selected[i].bias, sensitivities_[i].bias);
    }
}

WrappedOptimizer* OutputSensitivity::rewrap(Optimizer* inner) const {
    return new OutputSensitivity(inner, options(), mode_);
}

}  // namespace eddl_prune::adapter
