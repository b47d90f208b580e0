#include "plan_applier_folding.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace eddl_prune::adapter {

namespace {

using Keep = std::vector<std::size_t>;

class Folding {
public:
    Folding(const graph::Linear& linear, const graph::NodePlan& plan, const Keep& keep_in, Tensor& kept_weights, Tensor* kept_bias)
        : linear_(linear), old_(linear.connections), plan_(plan), keep_in_(keep_in), kept_(old_), kept_weights_(kept_weights),
          kept_bias_(kept_bias) {
        kept_.out = plan.keep.size();
        kept_.in = keep_in.size();
        kept_.groups = plan.groups;
    }

    void fold_into_carriers() {
        for (const graph::Constant& carrier : plan_.carriers) {
            std::vector<std::pair<std::size_t, double>> parts;  // folded input, its constant in units of the carrier's
            for (const graph::Constant& constant : plan_.folded)
                if (group_of_input(constant.channel) == group_of_input(carrier.channel))
                    parts.emplace_back(constant.channel, static_cast<double>(constant.value) / static_cast<double>(carrier.value));
            for_each_weight(carrier.channel, [&](float& kept, std::size_t o, std::size_t t) {
                double sum = old_weight(o, carrier.channel, t);
                for (const auto& [channel, factor] : parts) sum += factor * old_weight(o, channel, t);
                kept = static_cast<float>(sum);
            });
        }
    }

    void fold_into_bias() {
        std::vector<double> values(old_.in), sums(old_.out);
        graph::Flags rows(old_.out);
        for (const graph::Constant& constant : plan_.folded) values[constant.channel] = static_cast<double>(constant.value);
        for (const std::size_t o : plan_.keep) {
            rows[o] = 1;
            sums[o] = static_cast<double>(linear_.bias[o]);
        }
        graph::add_weighted_taps(old_, values, rows, sums);
        for (std::size_t k = 0; k < kept_.out; ++k) kept_bias_->ptr[k] = static_cast<float>(sums[plan_.keep[k]]);
    }

    void clear() {
        for (const std::size_t channel : plan_.cleared)
            for_each_weight(channel, [](float& kept, std::size_t, std::size_t) { kept = 0.0f; });
    }

private:
    std::size_t kept_input(std::size_t channel) const {
        return static_cast<std::size_t>(std::lower_bound(keep_in_.begin(), keep_in_.end(), channel) - keep_in_.begin());
    }
    double old_weight(std::size_t o, std::size_t i, std::size_t t) const {
        return static_cast<double>(old_.weights[graph::weight_offset(old_, o, i, t)]);
    }
    std::size_t group_of_input(std::size_t channel) const { return channel / old_.group_in(); }

    // The new weights of a kept input channel, with the output (in the old numbering) and the tap.
    template <class Visit>
    void for_each_weight(std::size_t channel, Visit visit) {
        const std::size_t i = kept_input(channel);
        for (std::size_t k = 0; k < kept_.out; ++k) {
            if (plan_.keep[k] / old_.group_out() != group_of_input(channel)) continue;
            for (std::size_t t = 0; t < old_.taps; ++t) visit(kept_weights_.ptr[graph::weight_offset(kept_, k, i, t)], plan_.keep[k], t);
        }
    }

    const graph::Linear& linear_;
    const graph::Connections& old_;
    const graph::NodePlan& plan_;
    const Keep& keep_in_;
    graph::Connections kept_;  // its layout, with the kept numbers of channels
    Tensor& kept_weights_;
    Tensor* kept_bias_;
};

}  // namespace

void fold_constants(const graph::Linear& linear, const graph::NodePlan& plan, const Keep& keep_in, Tensor& kept_weights,
                    Tensor* kept_bias) {
    Folding folding(linear, plan, keep_in, kept_weights, kept_bias);
    if (!plan.carriers.empty())
        folding.fold_into_carriers();
    else if (!plan.folded.empty())
        folding.fold_into_bias();
    folding.clear();
}

}  // namespace eddl_prune::adapter
