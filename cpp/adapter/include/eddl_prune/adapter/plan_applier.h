// Applies a removal plan to a net, in place: the Net, its Layers and their Tensor objects stay, their shapes and data
// change.
#pragma once

#include <memory>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/adapter/optimizer_state.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// The constructor does all that can fail, and changes nothing. What it makes is small: the weights and biases that take
// up constants, new descriptors without their tensors, shapes. commit() then writes those, moves what stays of every
// parameter, gradient and optimizer moment to the front of its memory, and gives the rest back. So no tensor exists
// twice, and an exception leaves the net as it was, bit for bit. Outputs, masks and deltas hold no information between
// two batches: commit() shrinks or releases them. The values of all outputs are undefined until the next forward pass.
class PlanApplier {
public:
    // Graph and plan must have been made from this view. The plan and the state, of the view's optimizer, must outlive
    // the applier.
    PlanApplier(const NetView& view, const graph::Graph& graph, const graph::Plan& plan, OptimizerState& state);
    ~PlanApplier();
    PlanApplier(const PlanApplier&) = delete;
    PlanApplier& operator=(const PlanApplier&) = delete;

    // Once. Returns the layers that have left the net, without ties to it or to each other, for whoever may still hold
    // one: they live as long as that. nullptr if there are none.
    std::shared_ptr<const void> commit() noexcept;

private:
    struct Prepared;
    std::unique_ptr<Prepared> prepared_;
};

// For tests: makes the n-th (from 1) of the steps from now on that can fail throw std::runtime_error; 0 makes none
// fail.
void fail_after(int n);

}  // namespace eddl_prune::adapter
