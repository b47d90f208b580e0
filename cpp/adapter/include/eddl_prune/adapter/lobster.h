// LOBSTER as an EDDL optimizer (Tartaglione et al., "LOss-Based SensiTivity rEgulaRization: Towards deep sparse neural
// networks", Neural Networks 146, 2022).
#pragma once

#include "eddl_prune/adapter/optimizer_wrapper.h"

namespace eddl_prune::adapter {

// After the inner optimizer's step, on every weight of the trainable convolutions and dense layers:
//     w ← w − λ·w·max(0, 1 − |∂L/∂w|)
// ∂L/∂w is what the step leaves in layer->gradients: where a clip value is set, the clipped gradient.
// With λ = 0 training is bit-identical to the inner optimizer alone.
class Lobster : public WrappedOptimizer {
public:
    // Owns `inner` from here on. Throws std::invalid_argument (and takes nothing) for a λ that is negative or not
    // finite, an inner that is already a LOBSTER, and whatever WrappedOptimizer refuses.
    Lobster(Optimizer* inner, double lambda, bool biases);

    double lambda() const { return lambda_; }
    void set_lambda(double lambda);
    bool biases() const { return biases_; }

protected:
    void after_step() override;
    WrappedOptimizer* rewrap(Optimizer* inner) const override;

private:
    double lambda_;
    bool biases_;  // whether biases shrink too
};

}  // namespace eddl_prune::adapter
