#include "channel_lists.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "eddl_prune/adapter/errors.h"
#include "recurrent_roles.h"

namespace eddl_prune::adapter {

std::vector<std::size_t> named_units(const NetView& view, const graph::Graph& graph, const graph::Units& whole,
                                     const ChannelLists& channels) {
    std::vector<std::size_t> units;
    for (const auto& [name, indices] : channels) {
        const auto place = std::find(view.layers().begin(), view.layers().end(), view.layer(name));
        const auto n = static_cast<std::size_t>(place - view.layers().begin());
        const std::string opening = std::string(view.function()) + ": layer '" + name + "': channel ";
        for (const std::int64_t index : indices) {
            if (index < 0 || static_cast<std::uint64_t>(index) >= graph[n].channels)
                throw std::out_of_range(opening + std::to_string(index) + "; allowed: 0 to " +
                                        std::to_string(graph[n].channels - 1));
            const std::size_t unit = whole.of[n][static_cast<std::size_t>(index)];
            if (whole.is_pinned(unit))
                throw PruneError(opening + std::to_string(index) + " must stay: " + whole.reason(unit));
            units.push_back(unit);
        }
    }
    std::sort(units.begin(), units.end());
    units.erase(std::unique(units.begin(), units.end()), units.end());
    return units;
}

graph::PlannedUnits plan_without(const NetView& view, const graph::Graph& graph, graph::Sums sums,
                                 const ChannelLists& channels) {
    std::vector<graph::Slot> slots;
    if (!channels.empty()) {
        const graph::Units whole = graph::assign_units(graph);
        for (const std::size_t unit : named_units(view, graph, whole, channels))
            slots.insert(slots.end(), whole.members[unit].begin(), whole.members[unit].end());
    }
    const auto zeroed = [&](const graph::Units& units) {
        graph::Flags flags(units.count, 0);
        for (const graph::Slot& slot : slots) flags[units.of[slot.node][slot.channel]] = 1;
        return flags;
    };
    try {
        return graph::make_plan(graph, sums, zeroed, requirements_over_time(view.layers(), graph));
    } catch (const std::invalid_argument& error) {
        throw PruneError(std::string(view.function()) + ": " + error.what());
    }
}

}  // namespace eddl_prune::adapter
