// A net as a channel graph.
#pragma once

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/graph/graph.h"

namespace eddl_prune::adapter {

// Node k of the graph is view.layers()[k]. The graph borrows weights and biases: it holds until they are reallocated.
// A layer of a kind (or with settings) that we do not follow becomes graph::Opaque with the reason; it is never
// guessed.
graph::Graph read_graph(const NetView& view);

}  // namespace eddl_prune::adapter
