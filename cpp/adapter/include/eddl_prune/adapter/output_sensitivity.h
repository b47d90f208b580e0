// Regularisation by the outputs' sensitivity to single weights, as an EDDL optimizer (Tartaglione et al., "Learning
// sparse neural networks via sensitivity-driven regularization", NeurIPS 2018).
#pragma once

#include <vector>

#include "eddl_prune/adapter/output_method.h"

namespace eddl_prune::adapter {

// After the inner optimizer's step, on every weight of the selected trainable layers:
//     w ← w − λ·w·max(0, 1 − S),   S = Σ_k |∂ȳ_k/∂w|
// where ȳ_k is the mean over the batch (and the output's positions) of α_k·y_k, y the C outputs (see
// OutputDerivatives), and
//     unspecific  α_k = 1/C                                         C backward passes
//     specific    α_k = 1 if k is the sample's target class, else 0 (shared out among several output layers)
//                                                                   as many as there are classes in the batch
// at the weights of the last forward.
class OutputSensitivity : public OutputMethod {
public:
    enum class Mode { unspecific, specific };

    // Owns `inner` from here on. Errors: see ShrinkingOptimizer.
    OutputSensitivity(Optimizer* inner, const ShrinkingOptions& options, Mode mode);

    Mode mode() const { return mode_; }

protected:
    void measure(const std::vector<WeightedLayer>& selected) override;
    void shrink(const std::vector<WeightedLayer>& selected, float lambda) override;
    WrappedOptimizer* rewrap(Optimizer* inner) const override;

private:
    struct Sensitivity {
        std::vector<float> weight, bias;
    };

    Mode mode_;
    std::vector<Sensitivity> sensitivities_;  // a layer
};

}  // namespace eddl_prune::adapter
