// Layers with several parents.
#ifndef EDDL_LAYER_MERGE_H
#define EDDL_LAYER_MERGE_H

#include "eddl/layers/declare.h"

// Element-wise over parents of one shape. Subtract: the first minus all others.
#define EDDL_MERGE_LAYER(Name)                                                   \
    class Name : public MLayer {                                                 \
    public:                                                                      \
        static int total_layers;                                                 \
        Name(std::vector<Layer*> parent, std::string name, int dev, int mem);    \
        EDDL_LAYER_OVERRIDES                                                     \
    };

EDDL_MERGE_LAYER(LAdd)
EDDL_MERGE_LAYER(LSubtract)
EDDL_MERGE_LAYER(LAverage)
EDDL_MERGE_LAYER(LMaximum)
EDDL_MERGE_LAYER(LMinimum)
#undef EDDL_MERGE_LAYER

class LConcat : public MLayer {
public:
    static int total_layers;
    unsigned int axis;  // batch not counted; (unsigned)-1: the last. Vectors have one only, which 1 names too
    std::vector<int> index;

    LConcat(std::vector<Layer*> parent, unsigned int axis, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

// Per sample the matrix product of all parents, left to right: […, m, k] by […, k, n], leading dimensions alike. Of two
// vectors it is their dot product, [batch, 1].
class LMatMul : public MLayer {
public:
    static int total_layers;

    LMatMul(std::vector<Layer*> parent, std::string name, int dev, int mem);

    void resize(int batch) override;
    EDDL_LAYER_OVERRIDES

private:
    std::vector<std::shared_ptr<eddl::onednn::MatMul>> primitives_;  // one a product
    std::vector<Tensor> partial_;  // the products of the first 2, 3, … parents, but for the last: that is the output
};

#endif  // EDDL_LAYER_MERGE_H
