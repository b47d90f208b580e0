// The removal plan: which channels of a net go so that its outputs stay the same, and what replaces the constants among them.
//
// A channel goes where nobody reads it, or where it is a constant that its readers can do without: in their bias, or, where
// that is not exact (zero padding) or not there, in a *carrier*: one of the constant channels that stays and whose weights
// stand for all of them. Zeros are told by value alone, so a weight of 1e-30 is alive, as are weights that sum to 0.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "eddl_prune/graph/graph.h"

namespace eddl_prune::graph {

// An input channel (in the numbering before removal) and the constant that it holds.
struct Constant {
    std::size_t channel = 0;
    float value = 0.0f;
};

// What happens to one node. All channel lists ascend.
struct NodePlan {
    std::vector<std::size_t> keep;  // output channels that stay
    // Linear nodes only:
    std::vector<Constant> folded;         // input channels whose constant moves into the carrier, or into the bias if there is none
    std::optional<Constant> carrier;      // an input channel that stays
    std::vector<std::size_t> cleared;     // input channels that stay though nothing is left of them: their weights become 0
};

struct GroupPlan {
    std::vector<std::size_t> nodes;
    std::vector<std::size_t> removed;   // channels of the group's first node
    std::vector<std::size_t> carriers;  // likewise
    std::string pinned;                 // the reason why all or some channels must stay; "" where there is none
};

struct Plan {
    std::vector<NodePlan> nodes;    // as in the graph
    std::vector<GroupPlan> groups;  // in net order

    // Whether applying it would leave the net as it is.
    bool is_empty(const Graph& graph) const;
};

// Every node keeps at least one channel; those of pinned units (units.h) all stay. Time is linear in the number of
// weights at worst. The plan of a net that a plan was applied to is empty, unless folded weights cancel to exactly 0.
Plan make_plan(const Graph& graph);

}  // namespace eddl_prune::graph
