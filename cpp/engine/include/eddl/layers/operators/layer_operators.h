// Arithmetic on layers: of one layer, of two layers of one shape, of a layer and a number.
#ifndef EDDL_LAYER_OPERATORS_H
#define EDDL_LAYER_OPERATORS_H

#include "eddl/layers/declare.h"

class OperatorLayer : public Layer {
public:
    int binary;  // 1: two layers
    float val;   // the number, where there is one

    OperatorLayer(std::string name, int dev, int mem);

    void addchild(Layer* l) override;
    void addparent(Layer* l) override;
    std::string plot(int c) override;

protected:
    // Checks the operands, makes the output and registers with the parents.
    void operate_on(const char* layer, Layer* first, Layer* second = nullptr);
};

#define EDDL_OPERATOR_MEMBERS                                    \
    static int total_layers;                                     \
    void forward() override;                                     \
    void backward() override;                                    \
    Layer* share(int c, int bs, std::vector<Layer*> p) override; \
    Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;

#define EDDL_UNARY_OPERATOR(Name)                                   \
    class Name : public OperatorLayer {                             \
    public:                                                         \
        Name(Layer* l, std::string name, int dev, int mem);         \
        EDDL_OPERATOR_MEMBERS                                       \
    };

EDDL_UNARY_OPERATOR(LAbs)
EDDL_UNARY_OPERATOR(LExp)
EDDL_UNARY_OPERATOR(LLog)
EDDL_UNARY_OPERATOR(LLog2)
EDDL_UNARY_OPERATOR(LLog10)
EDDL_UNARY_OPERATOR(LSqrt)
#undef EDDL_UNARY_OPERATOR

class LClamp : public OperatorLayer {
public:
    float min, max;
    LClamp(Layer* l, float min, float max, std::string name, int dev, int mem);
    EDDL_OPERATOR_MEMBERS
};

class LPow : public OperatorLayer {
public:
    float exponent;
    LPow(Layer* l, float k, std::string name, int dev, int mem);
    EDDL_OPERATOR_MEMBERS
};

class LSum : public OperatorLayer {
public:
    LSum(Layer* l1, Layer* l2, std::string name, int dev, int mem);
    LSum(Layer* l, float k, std::string name, int dev, int mem);
    EDDL_OPERATOR_MEMBERS
};

class LMult : public OperatorLayer {
public:
    LMult(Layer* l1, Layer* l2, std::string name, int dev, int mem);
    LMult(Layer* l, float k, std::string name, int dev, int mem);
    EDDL_OPERATOR_MEMBERS
};

class LDiff : public OperatorLayer {
public:
    int left = 0;  // 1: the layer is on the left of the number
    LDiff(Layer* l1, Layer* l2, std::string name, int dev, int mem);
    LDiff(Layer* l, float k, std::string name, int dev, int mem);
    LDiff(float k, Layer* l, std::string name, int dev, int mem);
    EDDL_OPERATOR_MEMBERS
};

class LDiv : public OperatorLayer {
public:
    int left = 0;  // 1: the layer is the dividend
    LDiv(Layer* l1, Layer* l2, std::string name, int dev, int mem);
    LDiv(Layer* l, float k, std::string name, int dev, int mem);
    LDiv(float k, Layer* l, std::string name, int dev, int mem);
    EDDL_OPERATOR_MEMBERS
};
#undef EDDL_OPERATOR_MEMBERS

#endif  // EDDL_LAYER_OPERATORS_H
