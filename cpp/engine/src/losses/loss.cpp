// Conventions, EDDL's: a value is summed over the batch (the net divides by the samples it has seen), and a delta is
// divided by the batch. The means over the features in a value are sums in the delta, the square ones halved.
#include "eddl/losses/loss.h"

#include <cmath>
#include <utility>

#include "losses/reduce.h"

using eddl::map_delta;
using eddl::sum_pairs;

namespace {

constexpr float LOG_EPSILON = 10e-8f;

float sign_of(float v) { return static_cast<float>(v > 0.0f) - static_cast<float>(v < 0.0f); }

void check_delta(const Loss &loss, const Tensor *T, const Tensor *Y, const Tensor *D) {
    const std::string function = loss.name + ".delta";
    eddl::require_same_shape(function, T, Y);
    if (D == nullptr || D->shape != Y->shape)
        eddl::invalid(function, "expected a delta of the output's shape ", Y->shape);
}

void check_value(const Loss &loss, const Tensor *T, const Tensor *Y) {
    eddl::require_same_shape(loss.name + ".value", T, Y);
}

// The losses that are a sum over elements: `term` makes the value, `slope` the delta.
template <typename Term>
float mean_over_features(const Loss &loss, Tensor *T, Tensor *Y, Term term) {
    check_value(loss, T, Y);
    return static_cast<float>(sum_pairs(T, Y, term) / static_cast<double>(eddl::sample_size(Y)));
}

template <typename Term>
float sum_over_features(const Loss &loss, Tensor *T, Tensor *Y, Term term) {
    check_value(loss, T, Y);
    return static_cast<float>(sum_pairs(T, Y, term));
}

template <typename Slope>
void elementwise_delta(const Loss &loss, Tensor *T, Tensor *Y, Tensor *D, Slope slope) {
    check_delta(loss, T, Y, D);
    map_delta(T, Y, D, slope);
}

float categorical_term(float t, float y) { return t == 0.0f ? 0.0f : -t * std::log(y + LOG_EPSILON); }

}  // namespace

Loss::Loss(std::string name) : name(std::move(name)) {}
Loss::~Loss() = default;
void Loss::delta(Tensor *, Tensor *, Tensor *) {}
float Loss::value(Tensor *, Tensor *) { return 0.0f; }
Loss *Loss::clone() { return this; }

#define EDDL_LOSS_CLASS(Class, title)            \
    Class::Class() : Loss(title) {}              \
    Loss *Class::clone() { return new Class(); }

EDDL_LOSS_CLASS(LMeanSquaredError, "mean_squared_error")

float LMeanSquaredError::value(Tensor *T, Tensor *Y) {
    return mean_over_features(*this, T, Y, [](float t, float y) { return (t - y) * (t - y); });
}

void LMeanSquaredError::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D, [](float t, float y) { return y - t; });
}

EDDL_LOSS_CLASS(LMeanAbsoluteError, "mean_absolute_error")

float LMeanAbsoluteError::value(Tensor *T, Tensor *Y) {
    return mean_over_features(*this, T, Y, [](float t, float y) { return std::fabs(t - y); });
}

void LMeanAbsoluteError::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D, [](float t, float y) { return sign_of(y - t); });
}

EDDL_LOSS_CLASS(LMeanRelativeError, "mean_relative_error")

// The metric's default epsilon keeps targets of 0 harmless.
constexpr float RELATIVE_EPSILON = 0.001f;

float LMeanRelativeError::value(Tensor *T, Tensor *Y) {
    return mean_over_features(
        *this, T, Y, [](float t, float y) { return std::fabs(t - y) / (std::fabs(t) + RELATIVE_EPSILON); });
}

void LMeanRelativeError::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D,
                      [](float t, float y) { return sign_of(y - t) / (std::fabs(t) + RELATIVE_EPSILON); });
}

EDDL_LOSS_CLASS(LMeanSquaredLogarithmicError, "mean_squared_logarithmic_error")

float LMeanSquaredLogarithmicError::value(Tensor *T, Tensor *Y) {
    return mean_over_features(*this, T, Y, [](float t, float y) {
        const float d = std::log1p(t) - std::log1p(y);
        return d * d;
    });
}

void LMeanSquaredLogarithmicError::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D,
                      [](float t, float y) { return (std::log1p(y) - std::log1p(t)) / (1.0f + y); });
}

EDDL_LOSS_CLASS(LHinge, "hinge")

float LHinge::value(Tensor *T, Tensor *Y) {
    return mean_over_features(*this, T, Y, [](float t, float y) { return std::fmax(0.0f, 1.0f - t * y); });
}

void LHinge::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D, [](float t, float y) { return t * y < 1.0f ? -t : 0.0f; });
}

EDDL_LOSS_CLASS(LCategoricalCrossEntropy, "categorical_cross_entropy")

float LCategoricalCrossEntropy::value(Tensor *T, Tensor *Y) {
    return sum_over_features(*this, T, Y, categorical_term);
}

void LCategoricalCrossEntropy::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D, [](float t, float y) { return -t / (y + LOG_EPSILON); });
}

EDDL_LOSS_CLASS(LSoftCrossEntropy, "softmax_cross_entropy")

float LSoftCrossEntropy::value(Tensor *T, Tensor *Y) { return sum_over_features(*this, T, Y, categorical_term); }

// By the input of the softmax, which therefore must pass it on as it is: build sets delta_bp on the output layer.
void LSoftCrossEntropy::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D, [](float t, float y) { return y - t; });
}

EDDL_LOSS_CLASS(LBinaryCrossEntropy, "binary_cross_entropy")

float LBinaryCrossEntropy::value(Tensor *T, Tensor *Y) {
    return sum_over_features(*this, T, Y, [](float t, float y) {
        return -(t * std::log(y + LOG_EPSILON) + (1.0f - t) * std::log(1.0f - y + LOG_EPSILON));
    });
}

void LBinaryCrossEntropy::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D, [](float t, float y) {
        return -(t / (y + LOG_EPSILON) - (1.0f - t) / (1.0f - y + LOG_EPSILON));
    });
}

EDDL_LOSS_CLASS(LCrossEntropy, "cross_entropy")

float LCrossEntropy::value(Tensor *T, Tensor *Y) {
    return sum_over_features(*this, T, Y, [](float t, float y) {
        constexpr float EPSILON = 0.00001f;
        float value = 0.0f;
        if (t != 0.0f) value -= t * std::log(y + EPSILON);
        if (t != 1.0f) value -= (1.0f - t) * std::log(1.0f - y + EPSILON);
        return value;
    });
}

void LCrossEntropy::delta(Tensor *T, Tensor *Y, Tensor *D) {
    elementwise_delta(*this, T, Y, D, [](float t, float y) {
        constexpr float EPSILON = 0.000001f;
        return (1.0f - t) / (1.0f - y + EPSILON) - t / (y + EPSILON);
    });
}

EDDL_LOSS_CLASS(LDice, "dice")

float LDice::value(Tensor *T, Tensor *Y) {
    check_value(*this, T, Y);
    return static_cast<float>(static_cast<double>(eddl::batch_of(Y)) - eddl::dice_sum(T, Y));
}

// Half the gradient of each sample's coefficient, and not divided by the batch: EDDL's scale.
void LDice::delta(Tensor *T, Tensor *Y, Tensor *D) {
    check_delta(*this, T, Y, D);
    const std::ptrdiff_t n = eddl::sample_size(Y);
    const float *t = T->ptr, *y = Y->ptr;
    float *d = D->ptr;
    eddl::parallel_for(
        eddl::batch_of(Y),
        [=](std::ptrdiff_t b) {
            const eddl::Overlap o = eddl::overlap(t + b * n, y + b * n, n);
            const double scale = o.either == 0.0 ? 0.0 : 1.0 / (o.either * o.either);
            for (std::ptrdiff_t i = b * n; i < (b + 1) * n; ++i)
                d[i] = static_cast<float>((o.both - static_cast<double>(t[i]) * o.either) * scale);
        },
        n);
}

EDDL_LOSS_CLASS(LMin, "min")

float LMin::value(Tensor *, Tensor *Y) {
    check_value(*this, Y, Y);
    const float *y = Y->ptr;
    return static_cast<float>(
        eddl::ordered_sum(static_cast<std::ptrdiff_t>(Y->size), [=](std::ptrdiff_t i) { return y[i]; }));
}

void LMin::delta(Tensor *, Tensor *Y, Tensor *D) {
    check_delta(*this, Y, Y, D);
    D->fill_(1.0f);
}
