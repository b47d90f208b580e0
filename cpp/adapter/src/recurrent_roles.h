// What has to stay of a recurrent net for the rest of it to be unrolled over time as before.
#pragma once

#include <vector>

#include "eddl/net/net.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// [layer]: whether it is marked as of a decoder, or hangs from one that is.
std::vector<bool> decoding_layers(const vlayer& layers);

// For graph::make_plan. A cell makes the net compute step by step, the encoder's cells make it step through its inputs,
// and states pass from one certain cell of the encoder to one of the decoder. Where these would be others when layers
// have left, as much is required as they need, and nothing more. Nothing of a net without cells. `layers`: of the graph.
graph::Requirements requirements_over_time(const vlayer& layers, const graph::Graph& graph);

}  // namespace eddl_prune::adapter
