// Applies a removal plan to a net, in place: the Net, its Layers and their Tensor objects stay, their shapes and data change.
#pragma once

#include <memory>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// The constructor does all that can fail – it makes every new parameter, gradient and optimizer moment beside the old one –
// and changes nothing; commit() exchanges data pointers. What a net needs beyond that (outputs, masks, deltas) holds no
// information between two batches: commit() releases it, and where a smaller buffer cannot be had it keeps the larger one.
// So the extra memory is that of the surviving parameters, and an exception leaves the net as it was, bit for bit.
// The values of all outputs are undefined until the next forward pass.
class PlanApplier {
public:
    // Graph and plan must have been made from this view. Nothing of the arguments is kept but pointers into the net.
    PlanApplier(const NetView& view, const graph::Graph& graph, const graph::Plan& plan);
    ~PlanApplier();
    PlanApplier(const PlanApplier&) = delete;
    PlanApplier& operator=(const PlanApplier&) = delete;

    // Once.
    void commit();

private:
    struct Prepared;
    std::unique_ptr<Prepared> prepared_;
};

// For tests: makes the n-th (from 1) of the steps from now on that can fail throw std::runtime_error; 0 makes none fail.
void fail_after(int n);

}  // namespace eddl_prune::adapter
