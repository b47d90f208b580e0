// The removal plan: which channels of a net go so that its outputs stay the same, and what replaces the constants among
// them.
//
// A channel goes where nobody reads it, or where it is a constant that its readers can do without: in their bias (or
// the mean of a batch norm behind), or, where that is not exact (zero padding) or not there, in a *carrier*: one of the
// constant channels that stays and whose weights stand for all of them. Zeros are told by value alone, so a weight of
// 1e-30 is alive, as are weights that sum to 0.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eddl_prune/graph/graph.h"
#include "eddl_prune/graph/units.h"

namespace eddl_prune::graph {

// An input channel (in the numbering before removal) and the constant that it holds.
struct Constant {
    std::size_t channel = 0;
    float value = 0.0f;
};

// What happens to one node. All channel lists ascend.
struct NodePlan {
    std::vector<std::size_t> keep;  // output channels that stay; none: the node leaves
    std::vector<std::size_t> lost_inputs;  // of a node that stays: indices of inputs that it does without from now on
    // Linear and, but for groups and carriers, recurrent nodes only:
    std::size_t groups = 1;             // that stay; each with as many inputs, and as many outputs, as the others
    // input channels whose constant moves into the carrier of their group, or where there are none into the bias
    std::vector<Constant> folded;
    std::vector<Constant> carriers;  // input channels that stay, at most one a group
    // Without a bias and carriers: the node behind that takes less off each channel, a batch norm.
    std::optional<std::size_t> offset_behind;
    // input channels that stay though nothing is left of them: their weights become 0
    std::vector<std::size_t> cleared;
    std::vector<std::size_t> idle;      // linear nodes: outputs that stay though nobody needs their value: likewise
    // Sums only:
    std::vector<std::vector<std::size_t>> added;  // [map]: the output channels to which it adds; all stay
    std::vector<Constant> constants;              // output channels that stay, and what else is added there
    std::vector<std::size_t> forgotten;  // recurrent nodes: the same of the node's own channels, as states
};

// Why channels stay.
struct Blocker {
    std::string reason;
    std::size_t channels;
};

struct GroupPlan {
    std::vector<std::size_t> nodes;
    std::vector<std::size_t> channels;  // of the group's first node: those that are of the group
    std::vector<std::size_t> removed;   // of these
    std::vector<std::size_t> carriers;  // likewise
    std::vector<Blocker> kept;          // why the others stay, those without which most would go first
    std::string pinned;                 // the reason why all or some channels must stay; "" where there is none
};

struct Plan {
    std::vector<NodePlan> nodes;    // as in the graph
    std::vector<GroupPlan> groups;  // in net order

    // Whether applying it would leave the net as it is.
    bool is_empty(const Graph& graph) const;
};

struct PlannedUnits {
    Units units;
    Plan plan;
};

// [unit]: those whose channels are 0 wherever they are read. What must stay of them all the same (NodePlan says) is 0
// to its readers after removal too, by zero weights.
using ZeroedUnits = std::function<Flags(const Units& units)>;

// A node that must not leave, or one of its inputs that must not be lost, and why.
struct Requirement {
    std::size_t node;
    std::optional<std::size_t> input;
    std::string reason;
};

// What must stay of that which would depart, for reasons that channels do not tell. It is asked again with what would
// depart then, until it wants nothing more. What has departed `before` is among that which would, and is not wanted.
using Requirements =
    std::function<std::vector<Requirement>(const Departures& before, const Departures& departures)>;

// Nodes that no output depends on leave where those that read them can do without; every other node keeps at least one
// channel; those of pinned units (units.h) all stay. What is left is planned again until nothing is found there: the
// plan of a net that a plan was applied to is empty. Each turn takes time linear in the number of weights at worst;
// most nets need two. Throws std::invalid_argument where a pinned unit is zeroed.
PlannedUnits make_plan(const Graph& graph, Sums sums, const ZeroedUnits& zeroed, const Requirements& requirements);

}  // namespace eddl_prune::graph
