#include "eddl_prune/adapter/lobster.h"

#include "eddl_prune/kernels/sensitivity.h"

namespace eddl_prune::adapter {

Lobster::Lobster(Optimizer* inner, const ShrinkingOptions& options) : ShrinkingOptimizer("LOBSTER", inner, options) {}

void Lobster::shrink(const std::vector<WeightedLayer>& selected, float lambda) {
    const auto step =
        gradient_after_step() == GradientAfterStep::squared ? kernels::lobster_step_squared : kernels::lobster_step;
    for (const WeightedLayer& layer : selected) {
        step(layer.weight->ptr, layer.weight_gradient->ptr, layer.weight->size, lambda);
        if (options().biases && layer.bias != nullptr)
            step(layer.bias->ptr, layer.bias_gradient->ptr, layer.bias->size, lambda);
    }
}

WrappedOptimizer* Lobster::rewrap(Optimizer* inner) const { return new Lobster(inner, options()); }

}  // namespace eddl_prune::adapter
