// Layers that leave a net for good, and layers that stay and do without some of their inputs.
#pragma once

#include <memory>
#include <vector>

#include "eddl/net/net.h"
#include "eddl_prune/adapter/optimizer_state.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// The constructor does all that can fail, commit() the rest.
class DepartingLayers {
public:
    // `layers`: of the net, as in the plan.
    DepartingLayers(Net& net, OptimizerState& state, const vlayer& layers, const graph::Graph& graph,
                    const graph::Plan& plan);
    ~DepartingLayers();
    DepartingLayers(const DepartingLayers&) = delete;
    DepartingLayers& operator=(const DepartingLayers&) = delete;

    // Takes the layers out of the lists of the net, its optimizer and their neighbours. All deltas must have been
    // freed. What they hold goes back to the system: tensors stay what they are, but with a single 0.
    void commit() noexcept;

    // The layers that have left, without ties to the net or each other: they live as long as this or what is returned.
    // nullptr if there are none.
    std::shared_ptr<const void> layers() const;

private:
    struct Prepared;
    std::unique_ptr<Prepared> prepared_;
};

}  // namespace eddl_prune::adapter
