// Units: the smallest sets of channels that can only be kept or removed together, across layers. A convolution's
// channel, the batch norm and the activation on it and its block of flattened features are one unit, as are the
// channels of the same number of all operands of a sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "eddl_prune/graph/graph.h"

namespace eddl_prune::graph {

// Of a channel of a node, a unit and the like: one is kept for each of them, so that half the memory counts.
using Number = std::uint32_t;

// A channel of a node.
struct Slot {
    Number node, channel;
};

// The slots of each unit, in net order.
class Members {
public:
    class Range {
    public:
        Range(const Slot* first, const Slot* last) : first_(first), last_(last) {}
        const Slot* begin() const { return first_; }
        const Slot* end() const { return last_; }
        const Slot& front() const { return *first_; }
        std::size_t size() const { return static_cast<std::size_t>(last_ - first_); }

    private:
        const Slot *first_, *last_;
    };

    Members() = default;
    // `of`: [node][channel] -> unit
    Members(const std::vector<std::vector<Number>>& of, std::size_t units);

    bool empty() const { return slots_.empty(); }
    Range operator[](std::size_t unit) const {
        return {slots_.data() + first_[unit], slots_.data() + first_[unit + 1]};
    }

private:
    std::vector<Slot> slots_;
    std::vector<Number> first_;  // [unit], and one past the last
};

// What leaves a net as a whole: nodes from which no path leads to an output any more, once other nodes do without
// inputs.
struct Departures {
    Flags nodes;                // [node]; sources and what is pinned stay. Empty: nothing leaves
    std::vector<Flags> inputs;  // [node][input]: lost by a node that stays
    std::vector<std::string> held;  // [node]: why it stays though it could leave; "" for all others

    bool leaves(std::size_t node) const { return !nodes.empty() && nodes[node] != 0; }
    bool loses(std::size_t node, std::size_t input) const { return !inputs.empty() && inputs[node][input] != 0; }
    bool holds(std::size_t node) const { return !held.empty() && !held[node].empty(); }
};

// Whether the operands of a sum have the same channels, as EDDL's own layers demand, or each its own.
enum class Sums { even, uneven };

struct Units {
    Sums sums = Sums::even;
    Departures departures;
    std::vector<std::vector<Number>> of;  // [node][channel] -> unit, numbered from 0 in net order
    std::size_t count = 0;
    Members members;  // none of separate units

    // Why a unit must stay: an index into `reasons`, whose first entry is "" for a unit that need not.
    std::vector<Number> pinned_by;  // [unit]
    std::vector<std::string> reasons;

    // Groups: units that are computed by the same layers, hence layers that can only lose channels together. Numbered
    // from 0 in net order; all units of a group have channels in the group's first node.
    std::vector<Number> group_of;  // [unit]
    std::size_t groups = 0;

    std::size_t size_of(std::size_t unit) const { return members.empty() ? 1 : members[unit].size(); }
    bool is_pinned(std::size_t unit) const { return !pinned_by.empty() && pinned_by[unit] != 0; }
    const std::string& reason(std::size_t unit) const { return reasons[pinned_by[unit]]; }
};

// Units of uneven sums are parts of those of even ones. What departs neither couples nor pins what stays.
Units assign_units(const Graph& graph, Sums sums = Sums::even, const Departures& departures = {});

// Every channel on its own, nothing pinned.
Units separate_units(const Graph& graph, Sums sums);

}  // namespace eddl_prune::graph
