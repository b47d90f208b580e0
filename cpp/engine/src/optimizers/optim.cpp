#include "eddl/optimizers/optim.h"

#include <cmath>

#include "optimizers/settings.h"
#include "optimizers/state.h"

Optimizer::Optimizer() = default;

Optimizer::Optimizer(const Optimizer &other)
    : name(other.name), clip_val(other.clip_val) {}

Optimizer &Optimizer::operator=(const Optimizer &other) {
    name = other.name;
    clip_val = other.clip_val;
    return *this;
}

Optimizer::~Optimizer() = default;

void Optimizer::set_clip_val(float v) { clip_val = v; }

void Optimizer::clip() {
    if (clip_val < 0.0f) return;
    eddl::for_each_trainable(layers, [this](const eddl::Parameter &p) { p.gradient->clamp_(-clip_val, clip_val); });
}

void Optimizer::setlayers(vlayer l) { layers = l; }
// PyEDDL's classes that Python derives from AdaDelta, Adagrad, Adamax and Nadam come here: EDDL has no step of their
// own.
void Optimizer::applygrads(int batch) {
    if (auto *adadelta = dynamic_cast<AdaDelta *>(this)) return adadelta->AdaDelta::applygrads(batch);
    if (auto *adagrad = dynamic_cast<Adagrad *>(this)) return adagrad->Adagrad::applygrads(batch);
    if (auto *adamax = dynamic_cast<Adamax *>(this)) return adamax->Adamax::applygrads(batch);
    if (auto *nadam = dynamic_cast<Nadam *>(this)) return nadam->Nadam::applygrads(batch);
}
Optimizer *Optimizer::clone() { return nullptr; }
Optimizer *Optimizer::share() { return nullptr; }
void Optimizer::change(std::vector<float>) {}

using eddl::checked_rate;
using eddl::set_if_given;
using eddl::set_rate;

// ---- SGD ----

SGD::SGD(float lr, float momentum, float weight_decay, bool nesterov)
    : lr(checked_rate("sgd", lr)), mu(momentum), weight_decay(weight_decay), nesterov(nesterov) {}

EDDL_OPTIMIZER_STATE(SGD, &mT)

SGD &SGD::operator=(const SGD &other) {
    return eddl::copy_settings(other, *this, &SGD::lr, &SGD::mu, &SGD::weight_decay, &SGD::nesterov);
}

void SGD::change(std::vector<float> p) {
    set_rate(p, lr);
    set_if_given(p, 1, mu);
}

void SGD::applygrads(int batch) {
    if (isshared) return orig->applygrads(batch);
    clip();
    const float rate = lr, momentum = mu;
    eddl::for_each_trainable(layers, [&](const eddl::Parameter &p) {
        const float *g = p.gradient->ptr;
        float *m = mT[p.index]->ptr;
        eddl::descend(p, [=](std::ptrdiff_t i) { return m[i] = rate * g[i] + momentum * m[i]; });
    });
}

// ---- Adam ----

Adam::Adam(float lr, float beta_1, float beta_2, float epsilon, float weight_decay, bool amsgrad)
    : lr(checked_rate("adam", lr)), beta_1(beta_1), beta_2(beta_2), epsilon(epsilon), weight_decay(weight_decay),
      amsgrad(amsgrad), t(0) {}

EDDL_OPTIMIZER_STATE(Adam, &mT, &vT, &mCap, &vCap)

Adam &Adam::operator=(const Adam &other) {
    return eddl::copy_settings(other, *this, &Adam::lr, &Adam::beta_1, &Adam::beta_2, &Adam::epsilon,
                                &Adam::weight_decay, &Adam::amsgrad);
}

void Adam::change(std::vector<float> p) { set_rate(p, lr); }

void Adam::applygrads(int batch) {
    if (isshared) return orig->applygrads(batch);
    clip();
    ++t;
    const float rate = lr, b1 = beta_1, b2 = beta_2, eps = epsilon;
    const float correction_1 = eddl::bias_correction(beta_1, t), correction_2 = eddl::bias_correction(beta_2, t);
    eddl::for_each_trainable(layers, [&](const eddl::Parameter &p) {
        const float *g = p.gradient->ptr;
        float *m = mT[p.index]->ptr, *v = vT[p.index]->ptr;
        float *direction = mCap[p.index]->ptr, *scale = vCap[p.index]->ptr;
        eddl::descend(
            p,
            [=](std::ptrdiff_t i) {
                m[i] = b1 * m[i] + (1.0f - b1) * g[i];
                v[i] = b2 * v[i] + (1.0f - b2) * g[i] * g[i];
                scale[i] = std::sqrt(v[i] / correction_2 + eps);
                direction[i] = m[i] / correction_1 / scale[i];
                return rate * direction[i];
            });
    });
}

// ---- RMSProp ----

RMSProp::RMSProp(float lr, float rho, float epsilon, float weight_decay)
    : lr(checked_rate("rmsprop", lr)), rho(rho), epsilon(epsilon), weight_decay(weight_decay) {}

EDDL_OPTIMIZER_STATE(RMSProp, &gT, &gT1)

RMSProp &RMSProp::operator=(const RMSProp &other) {
    return eddl::copy_settings(other, *this, &RMSProp::lr, &RMSProp::rho, &RMSProp::epsilon, &RMSProp::weight_decay);
}

void RMSProp::change(std::vector<float> p) {
    set_rate(p, lr);
    set_if_given(p, 1, rho);
}

void RMSProp::applygrads(int batch) {
    if (isshared) return orig->applygrads(batch);
    clip();
    const float rate = lr, memory = rho, eps = epsilon;
    eddl::for_each_trainable(layers, [&](const eddl::Parameter &p) {
        const float *g = p.gradient->ptr;
        float *direction = gT[p.index]->ptr, *last = gT1[p.index]->ptr;
        eddl::descend(
            p,
            [=](std::ptrdiff_t i) {
                const float square = (1.0f - memory) * g[i] * g[i] + memory * last[i] * last[i];
                direction[i] = g[i] / std::sqrt(square + eps);
                last[i] = g[i];
                return rate * direction[i];
            });
    });
}
