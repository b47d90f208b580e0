#include "eddl_prune/adapter/optimizer_state.h"

#include <algorithm>
#include <string>

#include "eddl/utils.h"

#include "eddl_prune/adapter/errors.h"
#include "eddl_prune/adapter/optimizer_wrapper.h"

namespace eddl_prune::adapter {

OptimizerState::OptimizerState(Optimizer* optimizer) : base_(unwrap(optimizer)) {
    std::vector<const vtensor*> lists;
    std::size_t per_parameter = 1;  // tensors that each list holds side by side for a parameter
    bool has_first_moment = true;   // the first of the first list
    if (const auto* sgd = dynamic_cast<SGD*>(base_)) {
        lists = {&sgd->mT};
    } else if (auto* adam = dynamic_cast<Adam*>(base_)) {
        lists = {&adam->mT, &adam->vT, &adam->mCap, &adam->vCap};
        step_count_ = &adam->t;
    } else if (const auto* rmsprop = dynamic_cast<RMSProp*>(base_)) {
        lists = {&rmsprop->gT, &rmsprop->gT1};
        has_first_moment = false;
    }
#if defined(EDDL_EMBEDDED_ENGINE)  // EDDL itself gives these neither a step nor moments
    else if (const auto* adagrad = dynamic_cast<Adagrad*>(base_)) {
        lists = {&adagrad->mT};
        has_first_moment = false;
    } else if (const auto* adadelta = dynamic_cast<AdaDelta*>(base_)) {
        lists = {&adadelta->mT};
        per_parameter = 2;
        has_first_moment = false;
    } else if (auto* adamax = dynamic_cast<Adamax*>(base_)) {
        lists = {&adamax->mT};
        per_parameter = 2;
        step_count_ = &adamax->t;
    } else if (auto* nadam = dynamic_cast<Nadam*>(base_)) {
        lists = {&nadam->mT};
        per_parameter = 2;
        step_count_ = &nadam->t;
    }
#endif
    if (lists.empty() || lists.front()->empty()) return;

    for (Layer* layer : base_->layers)
        for (std::size_t param = 0; param < static_cast<std::size_t>(layer->get_trainable_params_count()); ++param) {
            ParameterMoments entry;
            entry.layer = layer;
            entry.param = param;
            moments_.push_back(entry);
        }
    for (const vtensor* list : lists) {
        if (list->size() != moments_.size() * per_parameter)
            throw PruneError("the optimizer keeps " + std::to_string(list->size() / per_parameter) + " moments for " +
                             std::to_string(moments_.size()) + " parameters: one optimizer cannot be used in two nets");
        for (std::size_t i = 0; i < list->size(); ++i) moments_[i / per_parameter].tensors.push_back((*list)[i]);
    }
    if (has_first_moment)
        for (ParameterMoments& entry : moments_) entry.first_moment = entry.tensors.front();
}

const ParameterMoments* OptimizerState::find(const Layer* layer, std::size_t param) const {
    const auto found = std::find_if(moments_.begin(), moments_.end(), [=](const ParameterMoments& entry) {
        return entry.layer == layer && entry.param == param;
    });
    return found == moments_.end() ? nullptr : &*found;
}

}  // namespace eddl_prune::adapter
