#include "eddl_prune/adapter/lobster.h"

#include <cmath>
#include <sstream>
#include <stdexcept>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/kernels/sensitivity.h"

namespace eddl_prune::adapter {

namespace {

double require_lambda(double lambda) {
    if (lambda >= 0.0 && std::isfinite(static_cast<float>(lambda))) return lambda;
    std::ostringstream text;
    text << "LOBSTER: lmbda = " << lambda << "; allowed: a finite number >= 0";
    throw std::invalid_argument(text.str());
}

// Everything that can be refused, before the base class takes the optimizer.
Optimizer* require_arguments(Optimizer* inner, double lambda) {
    require_lambda(lambda);
    if (dynamic_cast<Lobster*>(inner) != nullptr)
        throw std::invalid_argument("LOBSTER: the optimizer is a LOBSTER already; set its lmbda instead");
    return inner;
}

}  // namespace

Lobster::Lobster(Optimizer* inner, double lambda, bool biases)
    : WrappedOptimizer("LOBSTER", require_arguments(inner, lambda)), lambda_(lambda), biases_(biases) {}

void Lobster::set_lambda(double lambda) { lambda_ = require_lambda(lambda); }

void Lobster::after_step() {
    const auto step =
        gradient_after_step() == GradientAfterStep::squared ? kernels::lobster_step_squared : kernels::lobster_step;
    const auto shrink = [&](const Tensor* parameter, const Tensor* gradient) {
        step(parameter->ptr, gradient->ptr, parameter->size, static_cast<float>(lambda_));
    };
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const WeightedLayer layer = describe_weights(layers[i], i);
        if (layer.weight == nullptr || !layer.trainable) continue;
        shrink(layer.weight, layer.weight_gradient);
        if (biases_ && layer.bias != nullptr) shrink(layer.bias, layer.bias_gradient);
    }
}

WrappedOptimizer* Lobster::rewrap(Optimizer* inner) const { return new Lobster(inner, lambda_, biases_); }

}  // namespace eddl_prune::adapter
