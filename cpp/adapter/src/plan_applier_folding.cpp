#include "plan_applier_folding.h"

#include <algorithm>

namespace eddl_prune::adapter {

ConstantFolding::ConstantFolding(const graph::Connections& connections, const graph::NodePlan& plan,
                                 ConstantsTarget target)
    : connections_(connections), plan_(plan), target_(target), edits_(graph::planned_edits(connections, plan)) {
    if (plan.carriers.empty() && !plan.folded.empty())
        offsets_ = graph::planned_offsets(connections, plan, target.tensor->ptr, target.sign);
}

template <class Visit>
void ConstantFolding::for_each_output(std::size_t channel, const std::vector<std::size_t>& outputs, Visit visit) const {
    const std::size_t group = channel / connections_.group_in();
    for (const std::size_t o : outputs)
        if (o / connections_.group_out() == group)
            visit(graph::weight_offset(connections_, o, channel, 0), o % connections_.group_out());
}

void ConstantFolding::apply(Tensor& weights) const noexcept {
    const std::size_t taps = connections_.taps;
    const auto clear = [&](std::size_t first, std::size_t) { std::fill_n(weights.ptr + first, taps, 0.0f); };
    for (const std::size_t channel : plan_.cleared) for_each_output(channel, plan_.keep, clear);
    for (std::size_t channel = 0; channel < (plan_.idle.empty() ? 0 : connections_.in); ++channel)
        for_each_output(channel, plan_.idle, clear);
    for (const graph::Edits::Column& column : edits_.columns)
        for_each_output(column.input, plan_.keep, [&](std::size_t first, std::size_t output) {
            std::copy_n(column.weights.data() + output * taps, taps, weights.ptr + first);
        });
    for (std::size_t o = 0; o < offsets_.size(); ++o) target_.tensor->ptr[o] = offsets_[o];
}

}  // namespace eddl_prune::adapter
