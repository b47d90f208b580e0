#include "eddl_prune/adapter/shrinking_optimizer.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace eddl_prune::adapter {

namespace {

double require_lambda(const std::string& class_name, double lambda) {
    if (lambda >= 0.0 && std::isfinite(static_cast<float>(lambda))) return lambda;
    std::ostringstream text;
    text << class_name << ": lmbda = " << lambda << "; allowed: a finite number >= 0";
    throw std::invalid_argument(text.str());
}

// Everything that can be refused, before the base class takes the optimizer.
Optimizer* require_arguments(const char* class_name, Optimizer* inner, const ShrinkingOptions& options) {
    require_lambda(class_name, options.lambda);
    LayerSelection(class_name, options.layers);
    for (Optimizer* o = inner; o != nullptr;) {
        auto* wrapper = dynamic_cast<WrappedOptimizer*>(o);
        if (wrapper != nullptr && wrapper->name == class_name)
            throw std::invalid_argument(std::string(class_name) + ": the optimizer is a " + class_name +
                                        " already; set its lmbda instead");
        o = wrapper == nullptr ? nullptr : wrapper->inner();
    }
    return inner;
}

}  // namespace

ShrinkingOptimizer::ShrinkingOptimizer(const char* class_name, Optimizer* inner, const ShrinkingOptions& options)
    : WrappedOptimizer(class_name, require_arguments(class_name, inner, options)), options_(options),
      selection_(class_name, options.layers) {}

void ShrinkingOptimizer::set_lambda(double lambda) { options_.lambda = require_lambda(name, lambda); }

void ShrinkingOptimizer::check_layers(const vlayer& l) const { selection_.of(l, name); }

void ShrinkingOptimizer::setlayers(vlayer l) {
    WrappedOptimizer::setlayers(l);
    if (isshared) return;
    selected_.clear();
    for (const WeightedLayer& layer : selection_.of(l, name)) selected_.push_back(layer.layer);
}

std::vector<WeightedLayer> ShrinkingOptimizer::selected_and_trainable() const {
    std::vector<WeightedLayer> found;
    for (std::size_t i = 0; i < layers.size(); ++i)
        if (layers[i]->trainable && std::find(selected_.begin(), selected_.end(), layers[i]) != selected_.end())
            found.push_back(describe_weights(layers[i], i));
    return found;
}

void ShrinkingOptimizer::before_step() {
    if (lambda() != 0.0) measure(selected_and_trainable());
}

void ShrinkingOptimizer::after_step() {
    if (lambda() != 0.0) shrink(selected_and_trainable(), static_cast<float>(lambda()));
}

}  // namespace eddl_prune::adapter
