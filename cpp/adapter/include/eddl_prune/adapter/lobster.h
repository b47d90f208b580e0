// LOBSTER as an EDDL optimizer (Tartaglione et al., "LOss-Based SensiTivity rEgulaRization: Towards deep sparse neural
// networks", Neural Networks 146, 2022).
#pragma once

#include "eddl_prune/adapter/shrinking_optimizer.h"

namespace eddl_prune::adapter {

// After the inner optimizer's step, on every weight of the selected trainable layers:
//     w ← w − λ·w·max(0, 1 − |∂L/∂w|)
// ∂L/∂w is what the step leaves in layer->gradients: where a clip value is set, the clipped gradient.
class Lobster : public ShrinkingOptimizer {
public:
    // Owns `inner` from here on. Errors: see ShrinkingOptimizer.
    Lobster(Optimizer* inner, const ShrinkingOptions& options);

protected:
    void shrink(const std::vector<WeightedLayer>& selected, float lambda) override;
    WrappedOptimizer* rewrap(Optimizer* inner) const override;
};

}  // namespace eddl_prune::adapter
