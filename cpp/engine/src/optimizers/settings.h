// What the optimizers share beside their step: settings, copies, the life of their state.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "eddl/optimizers/optim.h"
#include "errors.h"
#include "optimizers/state.h"

namespace eddl {

// A shared optimizer steps through the one that it was made from.
template <typename Kind>
Optimizer *make_shared(Kind &original) {
    Kind *shared = new Kind(original);
    shared->orig = &original;
    shared->isshared = true;
    return shared;
}

// `!(value >= 0)` holds for NaN too.
inline float checked_rate(const char *optimizer, float rate) {
    if (!(rate >= 0.0f)) invalid(optimizer, "expected a learning rate of at least 0, received ", rate);
    return rate;
}

inline float checked_positive(const char *optimizer, const char *setting, float value) {
    if (!(value >= 0.0f)) invalid(optimizer, "expected ", setting, " of at least 0, received ", value);
    return value;
}

// The share of the past that a running mean keeps.
inline float checked_share(const char *optimizer, const char *setting, float value) {
    if (!(value >= 0.0f && value < 1.0f)) invalid(optimizer, "expected ", setting, " in [0, 1), received ", value);
    return value;
}

inline void set_if_given(const std::vector<float> &values, std::size_t i, float &setting) {
    if (i < values.size()) setting = values[i];
}

inline void set_rate(const std::vector<float> &values, float &rate) {
    if (!values.empty()) rate = checked_rate("setlr", values[0]);
}

// What a running mean that started at 0 must be divided by after t steps. In double: the share may be near 1.
inline float bias_correction(float share, int t) {
    return static_cast<float>(1.0 - std::pow(static_cast<double>(share), t));
}

template <typename Kind, typename... Setting>
Kind &copy_settings(const Kind &from, Kind &to, Setting Kind::*...settings) {
    to.Optimizer::operator=(from);
    ((to.*settings = from.*settings), ...);
    return to;
}

}  // namespace eddl

// What an optimizer with the given state lists (`&mT`, …; twice for two tensors a parameter) does about them and
// copies, which take the settings and never the state or the count of steps.
#define EDDL_OPTIMIZER_STATE(Class, ...)                                  \
    Class::Class(const Class &other) : Class() { *this = other; }         \
    Class::~Class() { eddl::delete_state({__VA_ARGS__}); }                \
    Optimizer *Class::clone() { return new Class(*this); }                \
    Optimizer *Class::share() { return eddl::make_shared(*this); }        \
    void Class::setlayers(vlayer l) {                                     \
        layers = l;                                                       \
        if (!isshared) eddl::allocate_state(layers, {__VA_ARGS__});       \
    }
