#include "constant_sources.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "channel_sum.h"
#include "eddl/layers/normalization/layer_normalization.h"

namespace eddl_prune::adapter {

namespace {

// EDDL's gradients of shifts are means over the batch and the positions: nothing else trains like them.
#if defined(EDDL_EMBEDDED_ENGINE)
constexpr bool trains_shifts = true;
#else
constexpr bool trains_shifts = false;
#endif

std::vector<graph::Constants> constants_of(const graph::Graph& graph) {
    const graph::Units units = graph::separate_units(graph, graph::Sums::even);
    return graph::propagate_constants(graph, units, graph::Flags(units.count, 0));
}

// 1 or -1 where the function passes on changes of one operand, with that sign; 0 elsewhere.
double sign_of(const graph::Derived& derived, const std::vector<graph::Known>& operands, std::size_t which,
               std::size_t channel) {
    const double step = std::abs(*operands[which]) / 1024.0;
    const auto change = [&](double from, double to) -> double {
        std::vector<graph::Known> moved = operands;
        moved[which] = *operands[which] + from;
        const graph::Known before = derived.value(moved, channel);
        moved[which] = *operands[which] + to;
        const graph::Known after = derived.value(moved, channel);
        return before && after ? (*after - *before) / step : 0.0;
    };
    const double below = change(-step, 0.0), above = change(0.0, step), sign = above < 0.0 ? -1.0 : 1.0;
    return std::max(std::abs(below - sign), std::abs(above - sign)) < 1e-6 ? sign : 0.0;
}

std::optional<ConstantSource> times(std::optional<ConstantSource> source, double sign) {
    if (!source || std::abs(sign) != 1.0) return std::nullopt;
    source->sign *= sign;
    return source;
}

}  // namespace

ConstantSources::ConstantSources(const NetView& view, const graph::Graph& graph)
    : view_(view), graph_(graph), constants_(constants_of(graph)) {}

std::optional<ConstantSource> ConstantSources::of_sum(std::size_t node, const graph::NodePlan& plan,
                                                      std::size_t channel) const {
    if (has_own(node, channel)) return std::nullopt;
    const graph::Derived& derived = *graph_.sum(node);
    std::optional<ConstantSource> found;
    bool any = false;
    for (std::size_t m = 0; m < derived.maps.size(); ++m) {
        const graph::ChannelRange source = derived.maps[m].sources(channel);
        const std::size_t input = graph_[node].inputs[derived.maps[m].input];
        const bool stays = std::binary_search(plan.added[m].begin(), plan.added[m].end(), channel);
        if (stays || source.begin == source.end || constants_[input].at(source.begin) == 0.0) continue;
        // One that is constant only because others have gone is nobody's parameter.
        if (constants_[input].known[source.begin] == 0 || std::exchange(any, true)) return std::nullopt;
        found = times(of(input, source.begin), derived.factors[m]);
    }
    return found;
}

std::optional<ConstantSource> ConstantSources::of(std::size_t node, std::size_t channel) const {
    const Layer* const layer = view_.layers()[node];
    if (const graph::Linear* linear = graph_.linear(node)) return of_linear(node, *linear, channel);
    // In training a batch norm makes its shift of a constant, whatever that is.
    if (const auto* norm = dynamic_cast<const LBatchNorm*>(layer))
        return trains_shifts && norm->affine ? std::optional<ConstantSource>({layer, 1, channel, 1.0}) : std::nullopt;
    const graph::Derived* const derived = graph_.derived(node);
    return derived != nullptr ? of_derived(node, *derived, channel) : std::nullopt;
}

// The bias, where nothing comes in.
std::optional<ConstantSource> ConstantSources::of_linear(std::size_t node, const graph::Linear& linear,
                                                         std::size_t channel) const {
    const graph::Connections& c = linear.connections;
    const std::size_t group = channel / c.group_out();
    for (std::size_t i = group * c.group_in(); i < (group + 1) * c.group_in(); ++i)
        for (std::size_t tap = 0; tap < c.taps; ++tap)
            if (c.weights[graph::weight_offset(c, channel, i, tap)] != 0.0f) return std::nullopt;
    if (linear.bias == nullptr) return std::nullopt;
    return ConstantSource{view_.layers()[node], WeightedLayer::bias_param, channel, 1.0};
}

// That of the one operand that is not 0.
std::optional<ConstantSource> ConstantSources::of_derived(std::size_t node, const graph::Derived& derived,
                                                          std::size_t channel) const {
    std::vector<graph::Known> operands;
    std::size_t input = 0, from = 0, which = 0, count = 0;
    for (const graph::ChannelMap& map : derived.maps) {
        const graph::ChannelRange range = map.sources(channel);
        if (!map.read || range.begin == range.end) continue;
        const std::size_t parent = graph_[node].inputs[map.input];
        if (range.end != range.begin + 1 || constants_[parent].known[range.begin] == 0) return std::nullopt;
        if (constants_[parent].is_nonzero(range.begin)) {
            input = parent, from = range.begin, which = operands.size();
            ++count;
        }
        operands.push_back(constants_[parent].at(range.begin));
    }
    if (has_own(node, channel)) {
        const auto& own = dynamic_cast<const ChannelSum&>(*view_.layers()[node]).form().constants;
        const auto index = static_cast<std::size_t>(std::lower_bound(own.begin(), own.end(), channel) - own.begin());
        return count == 0 ? std::optional<ConstantSource>({view_.layers()[node], 0, index, 1.0}) : std::nullopt;
    }
    return count == 1 ? times(of(input, from), sign_of(derived, operands, which, channel)) : std::nullopt;
}

bool ConstantSources::has_own(std::size_t node, std::size_t channel) const {
    const auto* const sum = dynamic_cast<const ChannelSum*>(view_.layers()[node]);
    return sum != nullptr && std::binary_search(sum->form().constants.begin(), sum->form().constants.end(), channel);
}

}  // namespace eddl_prune::adapter
