// The net that a plan leaves, to be planned in its turn.
#pragma once

#include "eddl_prune/graph/graph.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::graph {

// What one would read from the net once `plan` has been applied, but in the numbers of `graph`: what has gone is marked
// as absent. It borrows what `graph` borrows; only the weights of carriers and what takes up constants are made anew.
Graph graph_after(const Graph& graph, const Plan& plan);

// One plan for `first` and then `second`, which is of graph_after(graph, first).
Plan one_plan(const Graph& graph, const Plan& first, Plan second);

}  // namespace eddl_prune::graph
