#include "eddl/optimizers/optim.h"

#include <cmath>

#include "errors.h"
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
void Optimizer::applygrads(int) {}
Optimizer *Optimizer::clone() { return nullptr; }
Optimizer *Optimizer::share() { return nullptr; }
void Optimizer::change(std::vector<float>) {}

namespace {

// A shared optimizer steps through the one that it was made from.
template <typename Kind>
Optimizer *make_shared(Kind &original) {
    Kind *shared = new Kind(original);
    shared->orig = &original;
    shared->isshared = true;
    return shared;
}

// `!(rate >= 0)` holds for NaN too.
float checked_rate(const char *optimizer, float rate) {
    if (!(rate >= 0.0f)) eddl::invalid(optimizer, "expected a learning rate of at least 0, received ", rate);
    return rate;
}

void set_if_given(const std::vector<float> &values, std::size_t i, float &setting) {
    if (i < values.size()) setting = values[i];
}

void set_rate(const std::vector<float> &values, float &rate) {
    if (!values.empty()) rate = checked_rate("setlr", values[0]);
}

}  // namespace

// ---- SGD ----

SGD::SGD(float lr, float momentum, float weight_decay, bool nesterov)
    : lr(checked_rate("sgd", lr)), mu(momentum), weight_decay(weight_decay), nesterov(nesterov) {}

// Copies take the settings, never the moments or the count of steps.
SGD::SGD(const SGD &other) : SGD() { *this = other; }

SGD &SGD::operator=(const SGD &other) {
    Optimizer::operator=(other);
    lr = other.lr;
    mu = other.mu;
    weight_decay = other.weight_decay;
    nesterov = other.nesterov;
    return *this;
}

SGD::~SGD() { eddl::delete_state({&mT}); }

Optimizer *SGD::clone() { return new SGD(*this); }
Optimizer *SGD::share() { return make_shared(*this); }

void SGD::change(std::vector<float> p) {
    set_rate(p, lr);
    set_if_given(p, 1, mu);
}

void SGD::setlayers(vlayer l) {
    layers = l;
    if (!isshared) eddl::allocate_state(layers, {&mT});
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

Adam::Adam(const Adam &other) : Adam() { *this = other; }

Adam &Adam::operator=(const Adam &other) {
    Optimizer::operator=(other);
    lr = other.lr;
    beta_1 = other.beta_1;
    beta_2 = other.beta_2;
    epsilon = other.epsilon;
    weight_decay = other.weight_decay;
    amsgrad = other.amsgrad;
    return *this;
}

Adam::~Adam() { eddl::delete_state({&mT, &vT, &mCap, &vCap}); }

Optimizer *Adam::clone() { return new Adam(*this); }
Optimizer *Adam::share() { return make_shared(*this); }
void Adam::change(std::vector<float> p) { set_rate(p, lr); }

void Adam::setlayers(vlayer l) {
    layers = l;
    if (!isshared) eddl::allocate_state(layers, {&mT, &vT, &mCap, &vCap});
}

void Adam::applygrads(int batch) {
    if (isshared) return orig->applygrads(batch);
    clip();
    ++t;
    const float rate = lr, b1 = beta_1, b2 = beta_2, eps = epsilon;
    const float correction_1 = static_cast<float>(1.0 - std::pow(static_cast<double>(beta_1), t));
    const float correction_2 = static_cast<float>(1.0 - std::pow(static_cast<double>(beta_2), t));
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

RMSProp::RMSProp(const RMSProp &other) : RMSProp() { *this = other; }

RMSProp &RMSProp::operator=(const RMSProp &other) {
    Optimizer::operator=(other);
    lr = other.lr;
    rho = other.rho;
    epsilon = other.epsilon;
    weight_decay = other.weight_decay;
    return *this;
}

RMSProp::~RMSProp() { eddl::delete_state({&gT, &gT1}); }

Optimizer *RMSProp::clone() { return new RMSProp(*this); }
Optimizer *RMSProp::share() { return make_shared(*this); }

void RMSProp::change(std::vector<float> p) {
    set_rate(p, lr);
    set_if_given(p, 1, rho);
}

void RMSProp::setlayers(vlayer l) {
    layers = l;
    if (!isshared) eddl::allocate_state(layers, {&gT, &gT1});
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

// ---- optimizers without a step ----

AdaDelta::AdaDelta(float lr, float rho, float epsilon, float weight_decay)
    : lr(checked_rate("adadelta", lr)), rho(rho), epsilon(epsilon), weight_decay(weight_decay) {}

Adagrad::Adagrad(float lr, float epsilon, float weight_decay)
    : lr(checked_rate("adagrad", lr)), epsilon(epsilon), weight_decay(weight_decay) {}

Adamax::Adamax(float lr, float beta_1, float beta_2, float epsilon, float weight_decay)
    : lr(checked_rate("adamax", lr)), beta_1(beta_1), beta_2(beta_2), epsilon(epsilon), weight_decay(weight_decay) {}

Nadam::Nadam(float lr, float beta_1, float beta_2, float epsilon, float schedule_decay)
    : lr(checked_rate("nadam", lr)), beta_1(beta_1), beta_2(beta_2), epsilon(epsilon), schedule_decay(schedule_decay) {}

#define EDDL_STEPLESS(Class) \
    void Class::applygrads(int) { eddl::not_available("The step of the " #Class " optimizer"); }
EDDL_STEPLESS(AdaDelta)
EDDL_STEPLESS(Adagrad)
EDDL_STEPLESS(Adamax)
EDDL_STEPLESS(Nadam)
