// Measures of an output Y against a target T that are reported, not minimised.
#ifndef EDDL_METRICS_METRIC_H
#define EDDL_METRICS_METRIC_H

#include <string>

#include "eddl/tensor/tensor.h"

// value: over the batch, in the convention of the class. May be subclassed, from Python too.
class Metric {
public:
    std::string name;

    explicit Metric(std::string name);
    Metric(const Metric &) = default;
    Metric &operator=(const Metric &) = default;
    virtual ~Metric();

    virtual float value(Tensor *T, Tensor *Y);
    virtual Metric *clone();
};

#define EDDL_METRIC(Class, ...)                     \
    class Class : public Metric {                   \
    public:                                         \
        __VA_ARGS__;                                \
        float value(Tensor *T, Tensor *Y) override; \
        Metric *clone() override;                   \
    }

EDDL_METRIC(MMeanSquaredError, MMeanSquaredError());
EDDL_METRIC(MMeanAbsoluteError, MMeanAbsoluteError());
EDDL_METRIC(MMeanRelativeError, float eps; explicit MMeanRelativeError(float eps = 0.001f));
EDDL_METRIC(MCategoricalAccuracy, MCategoricalAccuracy());
EDDL_METRIC(MBinAccuracy, MBinAccuracy());
EDDL_METRIC(MDice, MDice());
EDDL_METRIC(MSum, MSum());

#undef EDDL_METRIC

#endif  // EDDL_METRICS_METRIC_H
