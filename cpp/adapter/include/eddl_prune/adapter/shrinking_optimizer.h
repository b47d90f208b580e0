// What LOBSTER, SeReNe and OutputSensitivity have in common: after the step of the optimizer that they wrap, the
// weights of the selected layers shrink by a factor that depends on λ and their sensitivity.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eddl_prune/adapter/layer_selection.h"
#include "eddl_prune/adapter/optimizer_wrapper.h"

namespace eddl_prune::adapter {

struct ShrinkingOptions {
    double lambda = 0.0;
    bool biases = true;                                    // whether biases shrink too
    std::optional<std::vector<std::string>> layers = {};  // see LayerSelection
};

// With λ = 0 training is bit-identical to the inner optimizer alone, and costs no more.
class ShrinkingOptimizer : public WrappedOptimizer {
public:
    double lambda() const { return options_.lambda; }
    // From the next step on. Throws std::invalid_argument where λ is negative or not finite.
    void set_lambda(double lambda);
    const ShrinkingOptions& options() const { return options_; }

    void setlayers(vlayer l) override;

protected:
    // Throws std::invalid_argument (and takes nothing) for a λ that is negative or not finite, an empty list of
    // layers, an inner optimizer of the same class, and whatever WrappedOptimizer refuses.
    ShrinkingOptimizer(const char* class_name, Optimizer* inner, const ShrinkingOptions& options);

    // Refuses names of layers that the net does not have.
    void check_layers(const vlayer& l) const override;
    // Measures, before the weights change, what shrink() needs. Only called where λ is not 0, as is shrink().
    virtual void measure(const std::vector<WeightedLayer>&) {}
    virtual void shrink(const std::vector<WeightedLayer>& selected, float lambda) = 0;

    void before_step() final;
    void after_step() final;

private:
    std::vector<WeightedLayer> selected_and_trainable() const;

    ShrinkingOptions options_;
    LayerSelection selection_;
    vlayer selected_;  // those of `layers` that were selected when the net was built, whatever they are named now
};

}  // namespace eddl_prune::adapter
