// Loss functions of a target T and an output Y.
#ifndef EDDL_LOSSES_LOSS_H
#define EDDL_LOSSES_LOSS_H

#include <string>

#include "eddl/tensor/tensor.h"

// value: the loss of the batch in the convention that each class states (mean or sum over the batch).
// delta: writes into D the gradient that backward starts from. May be subclassed, from Python too.
class Loss {
public:
    std::string name;

    explicit Loss(std::string name);
    Loss(const Loss &) = default;
    Loss &operator=(const Loss &) = default;
    virtual ~Loss();

    virtual void delta(Tensor *T, Tensor *Y, Tensor *D);
    virtual float value(Tensor *T, Tensor *Y);
    virtual Loss *clone();
};

#define EDDL_LOSS(Class)                                    \
    class Class : public Loss {                             \
    public:                                                 \
        Class();                                            \
        void delta(Tensor *T, Tensor *Y, Tensor *D) override; \
        float value(Tensor *T, Tensor *Y) override;         \
        Loss *clone() override;                             \
    }

EDDL_LOSS(LMeanSquaredError);
EDDL_LOSS(LMeanAbsoluteError);
EDDL_LOSS(LMeanRelativeError);
EDDL_LOSS(LMeanSquaredLogarithmicError);
EDDL_LOSS(LCrossEntropy);             // one class of many, by probabilities
EDDL_LOSS(LCategoricalCrossEntropy);  // the same, rows normalised
EDDL_LOSS(LSoftCrossEntropy);         // behind a softmax: the delta is already the one before it
EDDL_LOSS(LBinaryCrossEntropy);
EDDL_LOSS(LDice);
EDDL_LOSS(LHinge);
EDDL_LOSS(LMin);                      // the output itself is to be minimised

#undef EDDL_LOSS

#endif  // EDDL_LOSSES_LOSS_H
