#include "eddl_prune/adapter/optimizer_state.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "eddl/utils.h"

#include "eddl_prune/adapter/errors.h"
#include "eddl_prune/adapter/optimizer_wrapper.h"

namespace eddl_prune::adapter {

double moment_factor(MomentFollows follows, double s) {
    const double inverse = s != 0.0 ? 1.0 / s : 0.0;
    switch (follows) {
        case MomentFollows::weight: return s;
        case MomentFollows::squared_weight: return s * s;
        case MomentFollows::gradient: return inverse;
        case MomentFollows::gradient_magnitude: return std::abs(inverse);
        case MomentFollows::squared_gradient: return inverse * inverse;
    }
    return 0.0;
}

OptimizerState::OptimizerState(Optimizer* optimizer) : base_(unwrap(optimizer)) {
    using Follows = MomentFollows;
    if (auto* sgd = dynamic_cast<SGD*>(base_)) {
        lists_ = {{&sgd->mT, {Follows::weight}}};
        learning_rate_ = &sgd->lr;
    } else if (auto* adam = dynamic_cast<Adam*>(base_)) {
        lists_ = {{&adam->mT, {Follows::gradient}},
                  {&adam->vT, {Follows::squared_gradient}},
                  {&adam->mCap, {Follows::gradient}},
                  {&adam->vCap, {Follows::squared_gradient}}};
        step_count_ = &adam->t;
        learning_rate_ = &adam->lr;
    } else if (auto* rmsprop = dynamic_cast<RMSProp*>(base_)) {
        lists_ = {{&rmsprop->gT, {Follows::squared_gradient}}, {&rmsprop->gT1, {Follows::squared_gradient}}};
        learning_rate_ = &rmsprop->lr;
        has_first_moment_ = false;
    }
#if defined(EDDL_EMBEDDED_ENGINE)  // EDDL itself gives these neither a step nor moments
    else if (auto* adagrad = dynamic_cast<Adagrad*>(base_)) {
        lists_ = {{&adagrad->mT, {Follows::squared_gradient}}};
        learning_rate_ = &adagrad->lr;
        has_first_moment_ = false;
    } else if (auto* adadelta = dynamic_cast<AdaDelta*>(base_)) {
        lists_ = {{&adadelta->mT, {Follows::squared_gradient, Follows::squared_weight}}};
        learning_rate_ = &adadelta->lr;
        has_first_moment_ = false;
    } else if (auto* adamax = dynamic_cast<Adamax*>(base_)) {
        lists_ = {{&adamax->mT, {Follows::gradient, Follows::gradient_magnitude}}};
        step_count_ = &adamax->t;
        learning_rate_ = &adamax->lr;
    } else if (auto* nadam = dynamic_cast<Nadam*>(base_)) {
        lists_ = {{&nadam->mT, {Follows::gradient, Follows::squared_gradient}}};
        step_count_ = &nadam->t;
        learning_rate_ = &nadam->lr;
    }
#endif
    if (lists_.empty() || lists_.front().tensors->empty()) {
        lists_.clear();
        return;
    }

    for (Layer* layer : base_->layers)
        for (std::size_t param = 0; param < static_cast<std::size_t>(layer->get_trainable_params_count()); ++param) {
            ParameterMoments entry;
            entry.layer = layer;
            entry.param = param;
            moments_.push_back(entry);
        }
    for (const List& list : lists_) {
        const std::size_t per_parameter = list.follows.size();
        if (list.tensors->size() != moments_.size() * per_parameter)
            throw PruneError("the optimizer keeps " + std::to_string(list.tensors->size() / per_parameter) +
                             " moments for " + std::to_string(moments_.size()) +
                             " parameters: one optimizer cannot be used in two nets");
        for (std::size_t i = 0; i < list.tensors->size(); ++i) {
            moments_[i / per_parameter].tensors.push_back((*list.tensors)[i]);
            moments_[i / per_parameter].follows.push_back(list.follows[i % per_parameter]);
        }
    }
    if (has_first_moment_)
        for (ParameterMoments& entry : moments_) entry.first_moment = entry.tensors.front();
}

std::vector<ParameterMoments>::iterator OptimizerState::position_of(const Layer* layer, std::size_t param) noexcept {
    return std::find_if(moments_.begin(), moments_.end(),
                        [=](const ParameterMoments& entry) { return entry.layer == layer && entry.param == param; });
}

std::vector<ParameterMoments>::iterator OptimizerState::place_for(const Layer* layer, std::size_t param) noexcept {
    auto place = moments_.begin();
    for (const Layer* earlier : base_->layers) {
        while (place != moments_.end() && place->layer == earlier && (earlier != layer || place->param < param))
            ++place;
        if (earlier == layer) break;
    }
    return place;
}

void OptimizerState::prepare_insert(Layer* layer, std::size_t param, const std::vector<int>& shape) {
    if (moments_.empty()) return;
    Insertion insertion;
    insertion.entry.layer = layer;
    insertion.entry.param = param;
    for (const List& list : lists_)
        for (const MomentFollows follows : list.follows) {
            insertion.entry.follows.push_back(follows);
            insertion.tensors.emplace_back(Tensor::zeros(shape, layer->dev));
            insertion.entry.tensors.push_back(insertion.tensors.back().get());
        }
    if (has_first_moment_) insertion.entry.first_moment = insertion.entry.tensors.front();
    insertions_.push_back(std::move(insertion));
    moments_.reserve(moments_.size() + insertions_.size());
    for (const List& list : lists_) list.tensors->reserve((moments_.size() + insertions_.size()) * list.follows.size());
}

std::vector<OptimizerState::Insertion>::const_iterator OptimizerState::prepared(const Layer* layer,
                                                                                std::size_t param) const noexcept {
    return std::find_if(insertions_.begin(), insertions_.end(), [=](const Insertion& insertion) {
        return insertion.entry.layer == layer && insertion.entry.param == param;
    });
}

const ParameterMoments* OptimizerState::find_prepared(const Layer* layer, std::size_t param) const {
    const auto found = prepared(layer, param);
    return found == insertions_.end() ? nullptr : &found->entry;
}

void OptimizerState::insert(const Layer* layer, std::size_t param) noexcept {
    const auto found = insertions_.begin() + (prepared(layer, param) - insertions_.cbegin());
    if (found == insertions_.end()) return;
    const auto place = place_for(layer, param);
    const std::ptrdiff_t index = place - moments_.begin();
    moments_.insert(place, std::move(found->entry));
    auto tensor = found->tensors.begin();
    for (const List& list : lists_) {
        const auto per_parameter = static_cast<std::ptrdiff_t>(list.follows.size());
        for (std::ptrdiff_t k = 0; k < per_parameter; ++k, ++tensor)
            list.tensors->insert(list.tensors->begin() + index * per_parameter + k, tensor->release());
    }
    insertions_.erase(found);
}

void OptimizerState::erase(const Layer* layer, std::size_t param) noexcept {
    const auto place = position_of(layer, param);
    if (place == moments_.end()) return;
    const std::ptrdiff_t index = place - moments_.begin();
    for (const List& list : lists_) {
        const auto per_parameter = static_cast<std::ptrdiff_t>(list.follows.size());
        const auto first = list.tensors->begin() + index * per_parameter;
        list.tensors->erase(first, first + per_parameter);
    }
    for (Tensor* tensor : place->tensors) delete tensor;
    moments_.erase(place);
}

const ParameterMoments* OptimizerState::find(const Layer* layer, std::size_t param) const {
    const auto found = std::find_if(moments_.begin(), moments_.end(), [=](const ParameterMoments& entry) {
        return entry.layer == layer && entry.param == param;
    });
    return found == moments_.end() ? nullptr : &*found;
}

}  // namespace eddl_prune::adapter
