// The optimizers that EDDL names without a step. A weight that never had a gradient stays, also where epsilon is 0.
#include <algorithm>
#include <cmath>

#include "eddl/optimizers/optim.h"
#include "optimizers/settings.h"
#include "optimizers/state.h"

using eddl::bias_correction;
using eddl::checked_positive;
using eddl::checked_rate;
using eddl::checked_share;
using eddl::set_if_given;
using eddl::set_rate;

// ---- AdaDelta ----

AdaDelta::AdaDelta(float lr, float rho, float epsilon, float weight_decay)
    : lr(checked_rate("adadelta", lr)), rho(checked_share("adadelta", "rho", rho)),
      epsilon(checked_positive("adadelta", "epsilon", epsilon)),
      weight_decay(checked_positive("adadelta", "weight_decay", weight_decay)) {}

EDDL_OPTIMIZER_STATE(AdaDelta, &mT, &mT)

AdaDelta &AdaDelta::operator=(const AdaDelta &other) {
    return eddl::copy_settings(other, *this, &AdaDelta::lr, &AdaDelta::rho, &AdaDelta::epsilon,
                                &AdaDelta::weight_decay);
}

void AdaDelta::change(std::vector<float> p) {
    set_rate(p, lr);
    set_if_given(p, 1, rho);
}

void AdaDelta::applygrads(int batch) {
    if (isshared) return orig->applygrads(batch);
    clip();
    const float rate = lr, memory = rho, eps = epsilon, decay = weight_decay;
    eddl::for_each_trainable(layers, [&](const eddl::Parameter &p) {
        const float *gradient = p.gradient->ptr, *w = p.value->ptr;
        float *squares = mT[2 * p.index]->ptr, *moves = mT[2 * p.index + 1]->ptr;
        eddl::descend(p, [=](std::ptrdiff_t i) {
            const float g = gradient[i] + decay * w[i];
            squares[i] = memory * squares[i] + (1.0f - memory) * g * g;
            const float scale = std::sqrt(squares[i] + eps);
            const float move = scale > 0.0f ? g * std::sqrt(moves[i] + eps) / scale : 0.0f;
            moves[i] = memory * moves[i] + (1.0f - memory) * move * move;
            return rate * move;
        });
    });
}

// ---- Adagrad ----

Adagrad::Adagrad(float lr, float epsilon, float weight_decay)
    : lr(checked_rate("adagrad", lr)), epsilon(checked_positive("adagrad", "epsilon", epsilon)),
      weight_decay(checked_positive("adagrad", "weight_decay", weight_decay)) {}

EDDL_OPTIMIZER_STATE(Adagrad, &mT)

Adagrad &Adagrad::operator=(const Adagrad &other) {
    return eddl::copy_settings(other, *this, &Adagrad::lr, &Adagrad::epsilon, &Adagrad::weight_decay);
}

void Adagrad::change(std::vector<float> p) { set_rate(p, lr); }

void Adagrad::applygrads(int batch) {
    if (isshared) return orig->applygrads(batch);
    clip();
    const float rate = lr, eps = epsilon, decay = weight_decay;
    eddl::for_each_trainable(layers, [&](const eddl::Parameter &p) {
        const float *gradient = p.gradient->ptr, *w = p.value->ptr;
        float *squares = mT[p.index]->ptr;
        eddl::descend(p, [=](std::ptrdiff_t i) {
            const float g = gradient[i] + decay * w[i];
            squares[i] += g * g;
            return squares[i] > 0.0f ? rate * g / (std::sqrt(squares[i]) + eps) : 0.0f;
        });
    });
}

// ---- Adamax ----

Adamax::Adamax(float lr, float beta_1, float beta_2, float epsilon, float weight_decay)
    : lr(checked_rate("adamax", lr)), beta_1(checked_share("adamax", "beta_1", beta_1)),
      beta_2(checked_share("adamax", "beta_2", beta_2)), epsilon(checked_positive("adamax", "epsilon", epsilon)),
      weight_decay(checked_positive("adamax", "weight_decay", weight_decay)), t(0) {}

EDDL_OPTIMIZER_STATE(Adamax, &mT, &mT)

Adamax &Adamax::operator=(const Adamax &other) {
    return eddl::copy_settings(other, *this, &Adamax::lr, &Adamax::beta_1, &Adamax::beta_2, &Adamax::epsilon,
                                &Adamax::weight_decay);
}

void Adamax::change(std::vector<float> p) { set_rate(p, lr); }

void Adamax::applygrads(int batch) {
    if (isshared) return orig->applygrads(batch);
    clip();
    ++t;
    const float b1 = beta_1, b2 = beta_2, eps = epsilon, decay = weight_decay;
    const float rate = lr / bias_correction(beta_1, t);
    eddl::for_each_trainable(layers, [&](const eddl::Parameter &p) {
        const float *gradient = p.gradient->ptr, *w = p.value->ptr;
        float *mean = mT[2 * p.index]->ptr, *largest = mT[2 * p.index + 1]->ptr;
        eddl::descend(p, [=](std::ptrdiff_t i) {
            const float g = gradient[i] + decay * w[i];
            mean[i] = b1 * mean[i] + (1.0f - b1) * g;
            largest[i] = std::max(b2 * largest[i], std::fabs(g) + eps);
            return largest[i] > 0.0f ? rate * mean[i] / largest[i] : 0.0f;
        });
    });
}

// ---- Nadam ----

Nadam::Nadam(float lr, float beta_1, float beta_2, float epsilon, float schedule_decay)
    : lr(checked_rate("nadam", lr)), beta_1(checked_share("nadam", "beta_1", beta_1)),
      beta_2(checked_share("nadam", "beta_2", beta_2)), epsilon(checked_positive("nadam", "epsilon", epsilon)),
      schedule_decay(checked_positive("nadam", "schedule_decay", schedule_decay)), t(0) {}

EDDL_OPTIMIZER_STATE(Nadam, &mT, &mT)

Nadam &Nadam::operator=(const Nadam &other) {
    return eddl::copy_settings(other, *this, &Nadam::lr, &Nadam::beta_1, &Nadam::beta_2, &Nadam::epsilon,
                                &Nadam::schedule_decay);
}

void Nadam::change(std::vector<float> p) { set_rate(p, lr); }

void Nadam::applygrads(int batch) {
    if (isshared) return orig->applygrads(batch);
    clip();
    ++t;
    const auto momentum = [this](int step) {
        return beta_1 * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(step) * schedule_decay));
    };
    // Of all steps so far. Not kept: `t` alone says where training stands. The tail of a long one is 0 to rounding.
    double product = 1.0;
    for (int step = 1; step <= t && product > 1e-30; ++step) product *= momentum(step);
    const double next = momentum(t + 1);
    const float from_gradient = static_cast<float>(lr * (1.0 - momentum(t)) / (1.0 - product));
    const float from_mean = static_cast<float>(lr * next / (1.0 - product * next));
    const float b1 = beta_1, b2 = beta_2, eps = epsilon, correction_2 = bias_correction(beta_2, t);
    eddl::for_each_trainable(layers, [&](const eddl::Parameter &p) {
        const float *g = p.gradient->ptr;
        float *mean = mT[2 * p.index]->ptr, *squares = mT[2 * p.index + 1]->ptr;
        eddl::descend(p, [=](std::ptrdiff_t i) {
            mean[i] = b1 * mean[i] + (1.0f - b1) * g[i];
            squares[i] = b2 * squares[i] + (1.0f - b2) * g[i] * g[i];
            const float scale = std::sqrt(squares[i] / correction_2) + eps;
            return scale > 0.0f ? (from_gradient * g[i] + from_mean * mean[i]) / scale : 0.0f;
        });
    });
}
