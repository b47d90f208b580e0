#include "eddl/regularizers/regularizer.h"

#include <utility>

#include "parallel.h"

namespace {

// w ← w − l1·sign(w) − l2·w, in one pass.
void shrink(Tensor *t, float l1, float l2) {
    float *w = t->ptr;
    eddl::parallel_for(static_cast<std::ptrdiff_t>(t->size), [=](std::ptrdiff_t i) {
        const float sign = static_cast<float>(w[i] > 0.0f) - static_cast<float>(w[i] < 0.0f);
        w[i] -= l1 * sign + l2 * w[i];
    });
}

}  // namespace

Regularizer::Regularizer(std::string name) : name(std::move(name)) {}
Regularizer::~Regularizer() = default;

RL1::RL1(float l1) : Regularizer("l1"), l1(l1) {}

void RL1::apply(Tensor *T) { shrink(T, l1, 0.0f); }

RL2::RL2(float l2) : Regularizer("l2"), l2(l2) {}

void RL2::apply(Tensor *T) { shrink(T, 0.0f, l2); }

RL1L2::RL1L2(float l1, float l2) : Regularizer("l1_l2"), l1(l1), l2(l2) {}

void RL1L2::apply(Tensor *T) { shrink(T, l1, l2); }
