// Room for backward passes beside those of training, between forward and the optimizer's step.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// While it lives, the layers of `run` can be run backward as often as one likes; its destructor puts everything back,
// bit for bit: deltas (those that were not there are freed again, so every memory level stays what it is), gradients,
// `trainable`, regularizers. Nothing else of a net changes in a backward pass: running statistics, dropout's masks,
// random numbers and losses belong to forward.
class BackwardScope {
public:
    // `layers`: all of the net. `run`: some of them, in forward order. None of them makes gradients of its parameters
    // unless with_gradients() asks for them, nor applies its regularizer.
    // `scratch` holds what is put back; it is the caller's, so that its memory serves the next scope, too.
    BackwardScope(const vlayer& layers, const vlayer& run, std::vector<float>& scratch);
    ~BackwardScope();
    BackwardScope(const BackwardScope&) = delete;
    BackwardScope& operator=(const BackwardScope&) = delete;

    void with_gradients(Layer* layer) { layer->trainable = true; }

    // Zero deltas, ready for a pass: those of `run` and of their parents.
    void zero_deltas();
    // The layer's delta, made if it is not there.
    Tensor& delta(Layer* layer);
    // backward() of one layer, which adds to its parents' deltas; its own delta may be gone afterwards.
    void backward(Layer* layer);

private:
    struct Values {
        Tensor* tensor;
        std::size_t size;
        std::size_t offset;  // in the scratch
        Layer* owner;  // of a delta, which a pass at another batch size replaces; nullptr for a gradient
    };
    struct Settings {
        Layer* layer;
        bool trainable;
        Regularizer* regularizer;
    };

    std::vector<float>& scratch_;
    std::vector<Values> saved_;
    std::vector<Settings> settings_;
    vlayer touched_;           // whose deltas a pass writes
    vlayer without_delta_;     // children before parents
    std::vector<Tensor*> released_;  // outputs that training has released already: only their shape is needed
};

}  // namespace eddl_prune::adapter
