// How parameters get their first values.
#ifndef EDDL_INITIALIZERS_INITIALIZER_H
#define EDDL_INITIALIZERS_INITIALIZER_H

#include <string>

#include "eddl/tensor/tensor.h"

// Fills one parameter tensor. Fan-in and fan-out follow EDDL: see src/initializers/initializer.cpp.
class Initializer {
public:
    std::string name;

    explicit Initializer(std::string name);
    virtual ~Initializer();
    virtual void apply(Tensor *params) = 0;
};

class IConstant : public Initializer {
public:
    float value;

    explicit IConstant(float value);
    void apply(Tensor *params) override;
};

// `gain` times the identity; square matrices only.
class IIdentity : public Initializer {
public:
    float gain;

    explicit IIdentity(float gain);
    void apply(Tensor *params) override;
};

// Initialisers that draw from a distribution whose width depends on the tensor's fans alone.
// `seed` is kept for EDDL's interface; numbers come from the engine's one seedable generator.
#define EDDL_FAN_INITIALIZER(Class)        \
    class Class : public Initializer {     \
    public:                                \
        int seed;                          \
        explicit Class(int seed = -1);     \
        void apply(Tensor *params) override; \
    }

EDDL_FAN_INITIALIZER(IGlorotNormal);
EDDL_FAN_INITIALIZER(IGlorotUniform);
EDDL_FAN_INITIALIZER(IHeNormal);
EDDL_FAN_INITIALIZER(IHeUniform);

#undef EDDL_FAN_INITIALIZER

class IRandomNormal : public Initializer {
public:
    float mean;
    float stdev;
    int seed;

    IRandomNormal(float mean, float stdev, int seed = -1);
    void apply(Tensor *params) override;
};

class IRandomUniform : public Initializer {
public:
    float minval;
    float maxval;
    int seed;

    IRandomUniform(float minval, float maxval, int seed = -1);
    void apply(Tensor *params) override;
};

// Normal, redrawn outside two standard deviations.
class ITruncateNormal : public Initializer {
public:
    float mean;
    float stdev;
    int seed;

    ITruncateNormal(float mean, float stdev, int seed = -1);
    void apply(Tensor *params) override;
};

// Orthonormal rows or columns (whichever are fewer) times `gain`.
class IOrthogonal : public Initializer {
public:
    float gain;
    int seed;

    explicit IOrthogonal(float gain, int seed = -1);
    void apply(Tensor *params) override;
};

// Variance scale / n, n the fan named by `mode` ("fan_in", "fan_out", "fan_avg");
// `distribution` is "normal", "truncated_normal", "untruncated_normal" or "uniform".
class IVarianceScaling : public Initializer {
public:
    float scale;
    std::string mode;
    std::string distribution;
    int seed;

    IVarianceScaling(float scale, std::string mode, std::string distribution, int seed = -1);
    void apply(Tensor *params) override;
};

#endif  // EDDL_INITIALIZERS_INITIALIZER_H
