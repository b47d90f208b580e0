// SeReNe as an EDDL optimizer (Tartaglione et al., "SeReNe: Sensitivity-Based Regularization of Neurons for Structured
// Sparsity in Neural Networks", IEEE TNNLS 33(12), 2022).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "eddl_prune/adapter/output_method.h"

namespace eddl_prune::adapter {

// After the inner optimizer's step, on all weights (and the bias) of every neuron of the selected trainable layers:
//     w ← w − λ·w·max(0, 1 − S)
// where p is what the neuron computes (before batch normalisation and activation), y the C outputs (see
// OutputDerivatives), and
//     full         S = (1/C)·Σ_k |∂y_k/∂p|     C backward passes
//     lower_bound  S = (1/C)·|Σ_k ∂y_k/∂p|     one
//     local        S = 1 where the derivative of the activation that follows is not 0, else 0: no pass
// S is the mean over the batch and the neuron's positions, at the weights of the last forward.
class Serene : public OutputMethod {
public:
    enum class Mode { full, lower_bound, local };

    // Owns `inner` from here on. Errors: see ShrinkingOptimizer.
    Serene(Optimizer* inner, const ShrinkingOptions& options, Mode mode);

    Mode mode() const { return mode_; }

protected:
    void measure(const std::vector<WeightedLayer>& selected) override;
    void shrink(const std::vector<WeightedLayer>& selected, float lambda) override;
    WrappedOptimizer* rewrap(Optimizer* inner) const override;

private:
    Mode mode_;
    std::vector<std::vector<float>> sensitivities_;  // a layer, a neuron
};

// S of every neuron of the layers `of`, for the batch that went forward last; `passes` becomes the number of backward
// passes that this took. `function` opens messages, `scratch` is for BackwardScope. Throws PruneError where an output
// has no axis of classes.
std::vector<std::vector<float>> neuron_sensitivities(const std::string& function, const vlayer& layers,
                                                     const std::vector<WeightedLayer>& of, Serene::Mode mode,
                                                     std::vector<float>& scratch, std::size_t& passes);

}  // namespace eddl_prune::adapter
