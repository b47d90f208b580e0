// Where an optimizer keeps its moments, per parameter tensor of the net. Owns nothing; a view like NetView.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "eddl/optimizers/optim.h"

namespace eddl_prune::adapter {

// How a moment changes when its weight is multiplied by a constant s, and the gradient hence divided by it.
enum class MomentFollows { weight, squared_weight, gradient, gradient_magnitude, squared_gradient };

// The factor of such a moment; 0 where s is 0 and the moment followed the gradient.
double moment_factor(MomentFollows follows, double s);

// The moments of one trainable parameter tensor, layer->params[param]; all have that tensor's shape.
struct ParameterMoments {
    Layer* layer = nullptr;
    std::size_t param = 0;
    std::vector<Tensor*> tensors;    // SGD: mT. Adam: mT, vT, mCap, vCap. RMSProp: gT, gT1. …
    std::vector<MomentFollows> follows;  // one of each of `tensors`
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
    // nullptr for no optimizer, or one of a class without a step.
    float* learning_rate() const { return learning_rate_; }

    // Where a layer of the optimizer's gains or loses a trainable parameter, the optimizer must too. A parameter's
    // moments are 0 at first; prepare_insert does all that can fail, when the layer need not be the optimizer's yet.
    // Without moments these do nothing.
    void prepare_insert(Layer* layer, std::size_t param, const std::vector<int>& shape);
    // What has been prepared and not yet inserted; nullptr for nothing.
    const ParameterMoments* find_prepared(const Layer* layer, std::size_t param) const;
    void insert(const Layer* layer, std::size_t param) noexcept;
    // The last of the layer's.
    void erase(const Layer* layer, std::size_t param) noexcept;

private:
    // One of the optimizer's lists, and what each of the tensors that it holds side by side for a parameter follows.
    struct List {
        vtensor* tensors;
        std::vector<MomentFollows> follows;
    };
    // Made by prepare_insert: the moments' entry and, list by list, the tensors.
    struct Insertion {
        ParameterMoments entry;
        std::vector<std::unique_ptr<Tensor>> tensors;
    };

    std::vector<Insertion>::const_iterator prepared(const Layer* layer, std::size_t param) const noexcept;
    // Where the moments of a parameter that has none yet belong.
    std::vector<ParameterMoments>::iterator place_for(const Layer* layer, std::size_t param) noexcept;
    std::vector<ParameterMoments>::iterator position_of(const Layer* layer, std::size_t param) noexcept;

    Optimizer* base_ = nullptr;
    bool has_first_moment_ = true;  // the first of the first list
    std::vector<List> lists_;
    std::vector<ParameterMoments> moments_;
    std::vector<Insertion> insertions_;
    int* step_count_ = nullptr;
    float* learning_rate_ = nullptr;
};

}  // namespace eddl_prune::adapter
