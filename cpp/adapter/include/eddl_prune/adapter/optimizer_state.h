// Where an optimizer keeps its moments, per parameter tensor of the net. Owns nothing; a view like NetView.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl/optimizers/optim.h"

namespace eddl_prune::adapter {

// The moments of one trainable parameter tensor, layer->params[param]; all have that tensor's shape.
struct ParameterMoments {
    Layer* layer = nullptr;
    std::size_t param = 0;
    std::vector<Tensor*> tensors;    // SGD: mT. Adam: mT, vT, mCap, vCap. RMSProp: gT, gT1. …
    Tensor* first_moment = nullptr;  // the one of `tensors` that carries momentum, if any: RMSProp has none
};

class OptimizerState {
public:
    // Looks through any wrapper of ours. nullptr, or an optimizer not yet in a net: no moments.
    // Throws PruneError where the moments are not parallel to the layers' parameters (one optimizer in two nets).
    explicit OptimizerState(Optimizer* optimizer);

    Optimizer* base() const { return base_; }
    // One entry a trainable parameter tensor, in layer order; empty for an optimizer that keeps none.
    const std::vector<ParameterMoments>& moments() const { return moments_; }
    // nullptr where there are none for it.
    const ParameterMoments* find(const Layer* layer, std::size_t param) const;
    // The number of steps taken, of Adam and its kin; nullptr for the others.
    int* step_count() const { return step_count_; }

private:
    Optimizer* base_ = nullptr;
    std::vector<ParameterMoments> moments_;
    int* step_count_ = nullptr;
};

}  // namespace eddl_prune::adapter
