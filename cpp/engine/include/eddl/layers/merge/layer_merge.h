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
    unsigned int axis;  // batch not counted; (unsigned)-1: the last
    std::vector<int> index;

    LConcat(std::vector<Layer*> parent, unsigned int axis, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

EDDL_UNAVAILABLE_LAYER(LMatMul, MLayer)

#endif  // EDDL_LAYER_MERGE_H
