// Values are summed over the batch, as those of losses are.
#include "eddl/metrics/metric.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "losses/reduce.h"

namespace {

template <typename Term>
float mean_over_features(const Metric &metric, Tensor *T, Tensor *Y, Term term) {
    eddl::require_same_shape(metric.name + ".value", T, Y);
    return static_cast<float>(eddl::sum_pairs(T, Y, term) / static_cast<double>(eddl::sample_size(Y)));
}

}  // namespace

Metric::Metric(std::string name) : name(std::move(name)) {}
Metric::~Metric() = default;
float Metric::value(Tensor *, Tensor *) { return 0.0f; }
Metric *Metric::clone() { return this; }

#define EDDL_METRIC_CLASS(Class, title)            \
    Class::Class() : Metric(title) {}              \
    Metric *Class::clone() { return new Class(); }

EDDL_METRIC_CLASS(MMeanSquaredError, "mean_squared_error")

float MMeanSquaredError::value(Tensor *T, Tensor *Y) {
    return mean_over_features(*this, T, Y, [](float t, float y) { return (t - y) * (t - y); });
}

EDDL_METRIC_CLASS(MMeanAbsoluteError, "mean_absolute_error")

float MMeanAbsoluteError::value(Tensor *T, Tensor *Y) {
    return mean_over_features(*this, T, Y, [](float t, float y) { return std::fabs(t - y); });
}

MMeanRelativeError::MMeanRelativeError(float eps) : Metric("mean_relative_error"), eps(eps) {}

Metric *MMeanRelativeError::clone() { return new MMeanRelativeError(eps); }

float MMeanRelativeError::value(Tensor *T, Tensor *Y) {
    const float epsilon = eps;
    return mean_over_features(*this, T, Y,
                              [=](float t, float y) { return std::fabs(t - y) / (std::fabs(t) + epsilon); });
}

EDDL_METRIC_CLASS(MCategoricalAccuracy, "categorical_accuracy")

// Samples whose largest output is where the target has its largest; the first of equals counts.
float MCategoricalAccuracy::value(Tensor *T, Tensor *Y) {
    eddl::require_same_shape(name + ".value", T, Y);
    const std::ptrdiff_t n = eddl::sample_size(Y);
    const float *t = T->ptr, *y = Y->ptr;
    return static_cast<float>(eddl::ordered_sum(eddl::batch_of(Y), [=](std::ptrdiff_t b) {
        const float *wanted = t + b * n, *got = y + b * n;
        return std::max_element(wanted, wanted + n) - wanted == std::max_element(got, got + n) - got ? 1.0 : 0.0;
    }));
}

EDDL_METRIC_CLASS(MBinAccuracy, "binary_accuracy")

// The share of a sample's outputs on the target's side of 0.5.
float MBinAccuracy::value(Tensor *T, Tensor *Y) {
    return mean_over_features(*this, T, Y, [](float t, float y) {
        return (t == 1.0f && y > 0.5f) || (t == 0.0f && y <= 0.5f) ? 1.0f : 0.0f;
    });
}

EDDL_METRIC_CLASS(MDice, "dice")

float MDice::value(Tensor *T, Tensor *Y) {
    eddl::require_same_shape(name + ".value", T, Y);
    return static_cast<float>(eddl::dice_sum(T, Y));
}

EDDL_METRIC_CLASS(MSum, "sum")

float MSum::value(Tensor *, Tensor *Y) {
    eddl::require_same_shape(name + ".value", Y, Y);
    const float *y = Y->ptr;
    return static_cast<float>(
        eddl::ordered_sum(static_cast<std::ptrdiff_t>(Y->size), [=](std::ptrdiff_t i) { return y[i]; }));
}
