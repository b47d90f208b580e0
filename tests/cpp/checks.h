// What the programs of this folder share: saying what is wrong, filled tensors, and the check of shared and cloned layers.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddl/apis/eddl.h"

using eddl::layer;
using Values = std::vector<float>;

inline int failures = 0;

inline void expect(bool fine, const std::string& what) {
    if (fine) return;
    std::cerr << what << "\n";
    ++failures;
}

template <typename Call>
void expect_refusal(Call call, const std::string& what) {
    try {
        call();
    } catch (const std::invalid_argument&) {
        return;
    }
    expect(false, what + " was not refused");
}

inline Values values_of(const Tensor* t) { return Values(t->ptr, t->ptr + t->size); }

inline void expect_close(const Values& actual, const Values& expected, const std::string& what) {
    expect(actual.size() == expected.size(), what + ": sizes differ");
    for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
        if (!(std::fabs(actual[i] - expected[i]) <= 1e-5f)) {
            const std::string both = std::to_string(actual[i]) + " instead of " + std::to_string(expected[i]);
            return expect(false, what + ": " + both);
        }
    }
}

// Values between -1 and 1, the same each time.
inline void fill(Tensor* t, unsigned seed) {
    for (std::size_t i = 0; i < t->size; ++i) {
        seed = seed * 1664525u + 1013904223u;
        t->ptr[i] = static_cast<float>(seed >> 8) / (1u << 23) - 1.0f;
    }
}

inline void fill_params(Layer* l) {
    for (Tensor* p : l->params) fill(p, 7);
}

inline layer filled_input(const std::vector<int>& shape) {
    layer x = eddl::Input(shape);
    fill(x->output, 3);
    return x;
}

inline Values doubled(Values v) {
    for (float& x : v) x *= 2.0f;
    return v;
}

using Owned = std::unique_ptr<Layer>;

inline void step(layer l) {
    l->forward();
    l->mem_delta_parent();
    l->mem_delta();
    l->delta->fill_(1.0f);
    l->backward();
}

inline void check_shared(const std::string& what, const std::vector<int>& shape, const std::function<layer(layer)>& make) {
    const Owned x(filled_input(shape)), second(filled_input(shape)), third(filled_input(shape));
    const Owned original(make(x.get()));
    fill_params(original.get());
    original->zeroGrads();
    step(original.get());
    const Values delta = values_of(x->delta);
    std::vector<Values> once;
    for (Tensor* g : original->gradients) once.push_back(values_of(g));
    {
        const Owned shared(original->share(1, 1, {second.get()}));
        expect(shared->params == original->params && shared->gradients == original->gradients, what + ": share");
        step(shared.get());
        expect_close(values_of(shared->output), values_of(original->output), what + ": output of a shared layer");
        expect_close(values_of(second->delta), delta, what + ": delta of a shared layer");
        for (std::size_t i = 0; i < once.size(); ++i) {
            expect_close(values_of(original->gradients[i]), doubled(once[i]), what + ": gradients gather");
        }
        step(original.get());
        expect_close(values_of(x->delta), doubled(delta), what + ": deltas gather");

        const Owned cloned(original->clone(1, 1, {third.get()}, DEV_CPU));
        expect(cloned->params.size() == original->params.size(), what + ": clone");
        for (std::size_t i = 0; i < cloned->params.size(); ++i) {
            expect(cloned->params[i] != original->params[i], what + ": a clone has its own parameters");
            Tensor::copy(original->params[i], cloned->params[i]);
        }
        cloned->forward();
        expect_close(values_of(cloned->output), values_of(original->output), what + ": output of a clone");
    }
    original->forward();  // the copies took nothing with them
}

// What a program's main returns after its checks.
template <typename Checks>
int outcome(Checks checks) {
    try {
        checks();
    } catch (const std::exception& error) {
        expect(false, std::string("an exception: ") + error.what());
    }
    return failures == 0 ? 0 : 1;
}
