#include "plan_applier_sums.h"

#include <algorithm>
#include <utility>

#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

namespace {

using Channels = std::vector<std::size_t>;

std::size_t position(const Channels& ascending, std::size_t channel) {
    return static_cast<std::size_t>(std::lower_bound(ascending.begin(), ascending.end(), channel) - ascending.begin());
}

ChannelSum::Form form_of(const graph::Derived& derived, const graph::NodePlan& plan,
                         const std::vector<const Channels*>& keep_in) {
    ChannelSum::Form form;
    form.operands.resize(keep_in.size());
    for (ChannelSum::Operand& operand : form.operands) operand.source.assign(plan.keep.size(), -1);
    for (std::size_t m = 0; m < derived.maps.size(); ++m) {
        const std::size_t input = derived.maps[m].input;
        ChannelSum::Operand& operand = form.operands[input];
        operand.factor = static_cast<float>(derived.factors[m]);
        for (const std::size_t c : plan.added[m])
            operand.source[position(plan.keep, c)] =
                static_cast<std::ptrdiff_t>(position(*keep_in[input], derived.maps[m].sources(c).begin));
    }
    for (auto lost = plan.lost_inputs.rbegin(); lost != plan.lost_inputs.rend(); ++lost)
        form.operands.erase(form.operands.begin() + static_cast<std::ptrdiff_t>(*lost));
    for (const graph::Constant& constant : plan.constants)
        form.constants.push_back(position(plan.keep, constant.channel));
    return form;
}

}  // namespace

struct SumChange::Constants {
    Constants(OptimizerState& state, ChannelSum& sum, const graph::NodePlan& plan) {
        const Channels& before = sum.form().constants;  // numbered as in the plan
        // Values that stay, others being 0.
        const auto make = [&](const Tensor* old) {
            checkpoint();
            std::unique_ptr<Tensor> fresh(Tensor::zeros({static_cast<int>(plan.constants.size())}, sum.dev));
            for (std::size_t i = 0; i < plan.constants.size() && old != nullptr; ++i)
                if (const std::size_t at = position(before, plan.constants[i].channel);
                    at < before.size() && before[at] == plan.constants[i].channel)
                    fresh->ptr[i] = old->ptr[at];
            return fresh;
        };
        had = !sum.params.empty();
        if (plan.constants.empty()) return;
        parameter = make(nullptr);
        for (std::size_t i = 0; i < plan.constants.size(); ++i) parameter->ptr[i] = plan.constants[i].value;
        gradient = make(had ? sum.gradients.front() : nullptr);
        if (!had) {
            sum.params.reserve(1);
            sum.gradients.reserve(1);
            state.prepare_insert(&sum, 0, parameter->shape);
        } else if (const ParameterMoments* held = state.find(&sum, 0)) {
            for (Tensor* moment : held->tensors) moments.emplace_back(moment, make(moment));
        }
    }

    void commit(OptimizerState& state, ChannelSum& sum) noexcept {
        if (!had && parameter != nullptr) {
            sum.params.push_back(parameter.release());
            sum.gradients.push_back(gradient.release());
            state.insert(&sum, 0);
        } else if (had && parameter == nullptr) {
            state.erase(&sum, 0);
            for (vtensor* tensors : {&sum.params, &sum.gradients}) {
                delete tensors->front();
                tensors->clear();
            }
        } else if (had) {
            exchange(*sum.params.front(), *parameter);
            exchange(*sum.gradients.front(), *gradient);
            for (const auto& [moment, fresh] : moments) exchange(*moment, *fresh);
        }
    }

    // The k-th of the parameter's moments that are to be; they exist if the optimizer has some.
    Tensor& moment(OptimizerState& state, const ChannelSum& sum, std::size_t k) const {
        return had ? *moments.at(k).second : *state.find_prepared(&sum, 0)->tensors.at(k);
    }

    bool had;
    std::unique_ptr<Tensor> parameter, gradient;
    std::vector<std::pair<Tensor*, std::unique_ptr<Tensor>>> moments;
};

SumChange::SumChange(OptimizerState& state, Layer& sum, const graph::Derived& derived, const graph::NodePlan& plan,
                     const std::vector<const Channels*>& keep_in)
    : state_(state), old_(sum),
      fresh_(dynamic_cast<ChannelSum*>(&sum) == nullptr
                 ? std::make_unique<UnevenSum>(sum, sum.parent.size() - plan.lost_inputs.size())
                 : nullptr),
      sum_(fresh_ != nullptr ? *fresh_ : dynamic_cast<ChannelSum&>(sum)), form_(form_of(derived, plan, keep_in)),
      constants_(std::make_unique<Constants>(state, sum_, plan)) {}

SumChange::~SumChange() = default;

bool SumChange::is_needed(const graph::Node& node, const Layer& layer, const graph::NodePlan& plan,
                          const std::vector<const Channels*>& keep_in) {
    if (plan.added.empty()) return false;  // a plan that is about other layers
    if (dynamic_cast<const ChannelSum*>(&layer) != nullptr || !plan.constants.empty()) return true;
    const graph::Derived& sum = std::get<graph::Derived>(node.operation);
    bool multiplies = false;  // by other numbers than 1
    for (std::size_t m = 0; m < plan.added.size(); ++m) {  // of EDDL's layers, one an operand
        if (std::binary_search(plan.lost_inputs.begin(), plan.lost_inputs.end(), m)) continue;
        if (plan.added[m].size() != plan.keep.size() || keep_in[m]->size() != plan.keep.size()) return true;
        multiplies = multiplies || sum.factors[m] != 1.0;
    }
    if (plan.lost_inputs.empty()) return false;
    const bool several = node.inputs.size() - plan.lost_inputs.size() > 1;
    const auto is_one = [](double factor) { return factor == 1.0; };
    return multiplies || !node.pin.empty() || (several && !std::all_of(sum.factors.begin(), sum.factors.end(), is_one));
}

void SumChange::take_over_moments(const ConstantSources& sources, std::size_t node, const graph::NodePlan& plan) {
    bool frozen = !plan.constants.empty();
    for (std::size_t i = 0; i < plan.constants.size(); ++i) {
        const std::optional<ConstantSource> source = sources.of_sum(node, plan, plan.constants[i].channel);
        frozen = frozen && source && !source->layer->trainable;
        const ParameterMoments* const from = source ? state_.find(source->layer, source->param) : nullptr;
        for (std::size_t k = 0; k < (from != nullptr ? from->tensors.size() : 0); ++k)
            constants_->moment(state_, sum_, k).ptr[i] =
                static_cast<float>(moment_factor(from->follows[k], source->sign) *
                                   static_cast<double>(from->tensors[k]->ptr[source->index]));
    }
    if (fresh_ != nullptr && frozen) fresh_->trainable = false;
}

void SumChange::commit(Net& net) noexcept {
    if (fresh_ != nullptr) fresh_.release()->replace(net, old_);
    constants_->commit(state_, sum_);
    sum_.set_form(form_);
}

}  // namespace eddl_prune::adapter
