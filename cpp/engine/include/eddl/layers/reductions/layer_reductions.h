// Reductions over axes.
#ifndef EDDL_LAYER_REDUCTIONS_H
#define EDDL_LAYER_REDUCTIONS_H

#include "eddl/descriptors/tensor_descriptors.h"
#include "eddl/layers/declare.h"

// Reduces the axes of a sample (batch not counted). Without keepdims they vanish from the shape. With it the output has
// the input's shape, each element holding the result of its group, as in EDDL.
class ReductionLayer : public Layer {
public:
    std::vector<int> axis;
    bool keepdims;

    ReductionLayer(std::string name, int dev, int mem);

    void addchild(Layer* l) override;
    void addparent(Layer* l) override;
    std::string plot(int c) override;

protected:
    // Sets `input` and checks the axes against it.
    std::vector<int> output_shape(const char* function, Layer* parent);
};

// The reduction to a place.
class ReductionLayer2 : public ReductionLayer {
public:
    ReduceDescriptor2* RD2;  // EDDL's work space; this engine needs none: null

    ReductionLayer2(std::string name, int dev, int mem);
};

#define EDDL_REDUCTION_LAYER(Name, Base)                                                               \
    class Name : public Base {                                                                         \
    public:                                                                                            \
        static int total_layers;                                                                       \
        Name(Layer* l, std::vector<int> axis, bool keepdims, std::string name, int dev, int mem);      \
        void forward() override;                                                                       \
        void backward() override;                                                                      \
        Layer* share(int c, int bs, std::vector<Layer*> p) override;                                   \
        Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;                        \
    };

EDDL_REDUCTION_LAYER(LRMean, ReductionLayer)
EDDL_REDUCTION_LAYER(LRVar, ReductionLayer)  // biased
EDDL_REDUCTION_LAYER(LRSum, ReductionLayer)
EDDL_REDUCTION_LAYER(LRMax, ReductionLayer)
EDDL_REDUCTION_LAYER(LRMin, ReductionLayer)
// The first maximum's place, row-major within its group; nothing flows back.
EDDL_REDUCTION_LAYER(LRArgmax, ReductionLayer2)
#undef EDDL_REDUCTION_LAYER

#endif  // EDDL_LAYER_REDUCTIONS_H
