// What takes up the constants of input channels that go, and what becomes of the weights.
#pragma once

#include <vector>

#include "eddl_prune/graph/connections.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::graph {

// The weights once `plan` has been applied: cleared ones, and the carriers' columns, which take up those of the folded
// inputs. All channels are still there; what goes has no weights in the columns. Sums are in double.
Edits planned_edits(const Connections& connections, const NodePlan& plan);

// One an output: what takes up the folded constants where no carriers do, `sign` · Σ constant · weight and what there
// is already. Outputs that go, or whose weights are cleared, keep what they have.
std::vector<float> planned_offsets(const Connections& connections, const NodePlan& plan, const float* offsets,
                                   double sign);

}  // namespace eddl_prune::graph
