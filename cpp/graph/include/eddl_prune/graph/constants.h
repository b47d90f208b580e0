// Which channels of a net are constant at inference: the same value for every input, at every position, borders included.
#pragma once

#include <vector>

#include "eddl_prune/graph/graph.h"

namespace eddl_prune::graph {

// Of one node's output channels.
struct Constants {
    Flags known;
    std::vector<float> values;  // where known; 0 elsewhere. Always finite, rounded to float as the net itself would

    explicit Constants(std::size_t channels) : known(channels, 0), values(channels, 0.0f) {}
    bool is_nonzero(std::size_t channel) const { return known[channel] != 0 && values[channel] != 0.0f; }
};

// One entry a node.
std::vector<Constants> propagate_constants(const Graph& graph);

}  // namespace eddl_prune::graph
