#include "eddl_prune/adapter/optimizer_state.h"

#include <algorithm>
#include <string>

#include "eddl_prune/adapter/errors.h"
#include "eddl_prune/adapter/optimizer_wrapper.h"

namespace eddl_prune::adapter {

OptimizerState::OptimizerState(Optimizer* optimizer) : base_(unwrap(optimizer)) {
    std::vector<const vtensor*> lists;
    const vtensor* first_moments = nullptr;
    if (const auto* sgd = dynamic_cast<SGD*>(base_)) {
        lists = {&sgd->mT};
        first_moments = &sgd->mT;
    } else if (auto* adam = dynamic_cast<Adam*>(base_)) {
        lists = {&adam->mT, &adam->vT, &adam->mCap, &adam->vCap};
        first_moments = &adam->mT;
        step_count_ = &adam->t;
    } else if (const auto* rmsprop = dynamic_cast<RMSProp*>(base_)) {
        lists = {&rmsprop->gT, &rmsprop->gT1};
    }
    if (lists.empty() || lists.front()->empty()) return;

    for (Layer* layer : base_->layers)
        for (std::size_t param = 0; param < static_cast<std::size_t>(layer->get_trainable_params_count()); ++param) {
            ParameterMoments entry;
            entry.layer = layer;
            entry.param = param;
            moments_.push_back(entry);
        }
    for (const vtensor* list : lists) {
        if (list->size() != moments_.size())
            throw PruneError("the optimizer keeps " + std::to_string(list->size()) + " moments for " +
                             std::to_string(moments_.size()) + " parameters: one optimizer cannot be used in two nets");
        for (std::size_t i = 0; i < moments_.size(); ++i) {
            moments_[i].tensors.push_back((*list)[i]);
            if (list == first_moments) moments_[i].first_moment = (*list)[i];
        }
    }
}

const ParameterMoments* OptimizerState::find(const Layer* layer, std::size_t param) const {
    const auto found = std::find_if(moments_.begin(), moments_.end(), [=](const ParameterMoments& entry) {
        return entry.layer == layer && entry.param == param;
    });
    return found == moments_.end() ? nullptr : &*found;
}

}  // namespace eddl_prune::adapter
