#include "plan_applier_folding.h"

#include <algorithm>

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
    }

    void fold_into_carrier() {
        const std::size_t kept_carrier = kept_input(plan_.carrier->channel);
        for (std::size_t k = 0; k < kept_.out; ++k)
            for (std::size_t t = 0; t < old_.taps; ++t) {
                double sum = old_weight(plan_.keep[k], plan_.carrier->channel, t);
                for (const graph::Constant& constant : plan_.folded)
                    sum += static_cast<double>(constant.value) / static_cast<double>(plan_.carrier->value) *
                           old_weight(plan_.keep[k], constant.channel, t);
                kept_weight(k, kept_carrier, t) = static_cast<float>(sum);
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
            for (std::size_t k = 0; k < kept_.out; ++k)
                for (std::size_t t = 0; t < old_.taps; ++t) kept_weight(k, kept_input(channel), t) = 0.0f;
    }

private:
    std::size_t kept_input(std::size_t channel) const {
        return static_cast<std::size_t>(std::lower_bound(keep_in_.begin(), keep_in_.end(), channel) - keep_in_.begin());
    }
    double old_weight(std::size_t o, std::size_t i, std::size_t t) const {
        return static_cast<double>(old_.weights[graph::weight_offset(old_, o, i, t)]);
    }
    float& kept_weight(std::size_t o, std::size_t i, std::size_t t) { return kept_weights_.ptr[graph::weight_offset(kept_, o, i, t)]; }

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
    if (plan.carrier)
        folding.fold_into_carrier();
    else if (!plan.folded.empty())
        folding.fold_into_bias();
    folding.clear();
}

}  // namespace eddl_prune::adapter
