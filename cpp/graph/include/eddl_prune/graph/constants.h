// Which channels of a net are constant at inference: the same value for every input, at every position, borders
// included.
#pragma once

#include <vector>

#include "eddl_prune/graph/graph.h"
#include "eddl_prune/graph/units.h"

namespace eddl_prune::graph {

// Of one node's output channels.
struct Constants {
    Flags known;
    std::vector<float> values;  // where known; 0 elsewhere. Always finite, rounded to float as the net itself would

    explicit Constants(std::size_t channels) : known(channels, 0), values(channels, 0.0f) {}
    bool is_nonzero(std::size_t channel) const { return known[channel] != 0 && values[channel] != 0.0f; }
    Known at(std::size_t channel) const {
        return known[channel] != 0 ? Known(static_cast<double>(values[channel])) : std::nullopt;
    }
};

// One entry a node. Channels that are absent, or of units that are set in `zeroed`, count as 0, whatever is computed
// there.
std::vector<Constants> propagate_constants(const Graph& graph, const Units& units, const Flags& zeroed);

// What the operands of a derived channel are worth: one a map that covers the channel and reads. Several channels of
// one map are one operand, a constant where they all are the same.
void collect_operands(const Graph& graph, const Node& node, const Derived& derived,
                      const std::vector<Constants>& constants, std::size_t channel, std::vector<Known>& operands);

}  // namespace eddl_prune::graph
