// Channels that a caller names, and the plan of the net in which they are 0.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/adapter/simplify.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// All that hangs together with these channels, sums being even: the units of `whole` (assign_units of the view's graph)
// that hold one of them, ascending. Throws std::invalid_argument for an unknown layer, std::out_of_range for a channel
// that the layer does not have, PruneError for one that must stay.
std::vector<std::size_t> named_units(const NetView& view, const graph::Graph& graph, const graph::Units& whole,
                                     const ChannelLists& channels);

// What removing these units would do. Errors: those of named_units, and PruneError where a reader cannot see 0 there.
graph::PlannedUnits plan_without(const NetView& view, const graph::Graph& graph, graph::Sums sums,
                                 const ChannelLists& channels);

}  // namespace eddl_prune::adapter
