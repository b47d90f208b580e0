#include "plan_applier_folding.h"

#include <utility>

namespace eddl_prune::adapter {

ConstantFolding::ConstantFolding(const graph::Connections& connections, const graph::NodePlan& plan,
                                 ConstantsTarget target)
    : connections_(connections), plan_(plan), target_(target) {
    if (!plan.carriers.empty())
        fold_into_carriers();
    else if (!plan.folded.empty())
        fold_into_target();
}

template <class Visit>
void ConstantFolding::for_each_weight(std::size_t channel, const std::vector<std::size_t>& outputs, Visit visit) const {
    const std::size_t group = channel / connections_.group_in();
    for (const std::size_t o : outputs) {
        if (o / connections_.group_out() != group) continue;
        const std::size_t first = graph::weight_offset(connections_, o, channel, 0);
        for (std::size_t t = 0; t < connections_.taps; ++t) visit(first + t);
    }
}

void ConstantFolding::fold_into_carriers() {
    const std::size_t group_in = connections_.group_in();
    for (const graph::Constant& carrier : plan_.carriers) {
        // How far behind the carrier's weights those of a folded input lie, and its constant in units of the carrier's.
        std::vector<std::pair<std::ptrdiff_t, double>> parts;
        const auto offset = [&](std::size_t channel) {
            const std::size_t first_output = channel / group_in * connections_.group_out();
            return static_cast<std::ptrdiff_t>(graph::weight_offset(connections_, first_output, channel, 0));
        };
        for (const graph::Constant& constant : plan_.folded)
            if (constant.channel / group_in == carrier.channel / group_in)
                parts.emplace_back(offset(constant.channel) - offset(carrier.channel),
                                   static_cast<double>(constant.value) / static_cast<double>(carrier.value));
        for_each_weight(carrier.channel, plan_.keep, [&](std::size_t weight) {
            const float* const own = connections_.weights + weight;
            double sum = static_cast<double>(*own);
            for (const auto& [distance, factor] : parts) sum += factor * static_cast<double>(own[distance]);
            carrier_weights_.push_back(static_cast<float>(sum));
        });
    }
}

void ConstantFolding::fold_into_target() {
    std::vector<double> values(connections_.in), sums(connections_.out);
    graph::Flags rows(connections_.out);
    for (const graph::Constant& constant : plan_.folded)
        values[constant.channel] = target_.sign * static_cast<double>(constant.value);
    for (const std::size_t o : plan_.keep) {
        rows[o] = 1;
        sums[o] = static_cast<double>(target_.tensor->ptr[o]);
    }
    graph::add_weighted_taps(connections_, values, rows, sums);
    for (const std::size_t o : plan_.keep) offsets_.push_back(static_cast<float>(sums[o]));
}

void ConstantFolding::apply(Tensor& weights) const noexcept {
    auto made = carrier_weights_.begin();
    for (const graph::Constant& carrier : plan_.carriers)
        for_each_weight(carrier.channel, plan_.keep, [&](std::size_t weight) { weights.ptr[weight] = *made++; });
    const auto clear = [&](std::size_t weight) { weights.ptr[weight] = 0.0f; };
    for (const std::size_t channel : plan_.cleared) for_each_weight(channel, plan_.keep, clear);
    for (std::size_t channel = 0; channel < (plan_.idle.empty() ? 0 : connections_.in); ++channel)
        for_each_weight(channel, plan_.idle, clear);
    for (std::size_t k = 0; k < offsets_.size(); ++k) target_.tensor->ptr[plan_.keep[k]] = offsets_[k];
}

}  // namespace eddl_prune::adapter
