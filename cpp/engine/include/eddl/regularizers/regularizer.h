// Penalties on weights, applied at the end of a layer's backward.
#ifndef EDDL_REGULARIZERS_REGULARIZER_H
#define EDDL_REGULARIZERS_REGULARIZER_H

#include <string>

#include "eddl/tensor/tensor.h"

// Shrinks the weights themselves (not their gradients), once each backward.
class Regularizer {
public:
    std::string name;

    explicit Regularizer(std::string name);
    virtual ~Regularizer();
    virtual void apply(Tensor *T) = 0;
};

class RL1 : public Regularizer {
public:
    float l1;

    explicit RL1(float l1);
    void apply(Tensor *T) override;
};

class RL2 : public Regularizer {
public:
    float l2;

    explicit RL2(float l2);
    void apply(Tensor *T) override;
};

class RL1L2 : public Regularizer {
public:
    float l1;
    float l2;

    RL1L2(float l1, float l2);
    void apply(Tensor *T) override;
};

#endif  // EDDL_REGULARIZERS_REGULARIZER_H
