#include "eddl_prune/graph/folding.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace eddl_prune::graph {

namespace {

Flags flags_of(const std::vector<std::size_t>& channels, std::size_t size) {
    Flags flags(size, 0);
    for (const std::size_t channel : channels) flags[channel] = 1;
    return flags;
}

// The outputs that stay and whose weights do.
Flags live_outputs(const Connections& connections, const NodePlan& plan) {
    Flags live = flags_of(plan.keep, connections.out);
    for (const std::size_t o : plan.idle) live[o] = 0;
    return live;
}

}  // namespace

Edits planned_edits(const Connections& connections, const NodePlan& plan) {
    const std::size_t group_in = connections.group_in(), group_out = connections.group_out(), taps = connections.taps;
    Edits edits;
    edits.cleared_inputs = flags_of(plan.cleared, connections.in);
    edits.cleared_outputs = flags_of(plan.idle, connections.out);
    const Flags live = live_outputs(connections, plan);
    std::vector<double> sums;
    for (const Constant& carrier : plan.carriers) {
        const std::size_t group = carrier.channel / group_in;
        const auto offset_of = [&](std::size_t output, std::size_t channel) {
            return static_cast<std::ptrdiff_t>(weight_offset(connections, output, channel, 0));
        };
        // How far behind the carrier's weights those of an input lie, and what they are multiplied by: its constant in
        // units of the carrier's.
        std::vector<std::pair<std::ptrdiff_t, double>> parts;
        if (edits.cleared_inputs[carrier.channel] == 0) parts.emplace_back(0, 1.0);
        for (const Constant& constant : plan.folded)
            if (constant.channel / group_in == group)
                parts.emplace_back(
                    offset_of(group * group_out, constant.channel) - offset_of(group * group_out, carrier.channel),
                    static_cast<double>(constant.value) / static_cast<double>(carrier.value));
        std::vector<float> column(group_out * taps, 0.0f);
        for (std::size_t o = 0; o < group_out; ++o) {
            if (live[group * group_out + o] == 0) continue;
            const float* const own = connections.weights + offset_of(group * group_out + o, carrier.channel);
            sums.assign(taps, 0.0);
            for (const auto& [distance, factor] : parts)
                for (std::size_t t = 0; t < taps; ++t)
                    sums[t] += factor * static_cast<double>(own[distance + static_cast<std::ptrdiff_t>(t)]);
            for (std::size_t t = 0; t < taps; ++t) column[o * taps + t] = static_cast<float>(sums[t]);
        }
        edits.columns.push_back({carrier.channel, std::move(column)});
    }
    return edits;
}

std::vector<float> planned_offsets(const Connections& connections, const NodePlan& plan, const float* offsets,
                                   double sign) {
    std::vector<double> values(connections.in), sums(offsets, offsets + connections.out);
    for (const Constant& constant : plan.folded) values[constant.channel] = sign * static_cast<double>(constant.value);
    add_weighted_taps(connections, values, live_outputs(connections, plan), sums);
    std::vector<float> planned(connections.out);
    std::transform(sums.begin(), sums.end(), planned.begin(), [](double sum) { return static_cast<float>(sum); });
    return planned;
}

}  // namespace eddl_prune::graph
