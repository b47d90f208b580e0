// Layers that ONNX graphs need.
#ifndef EDDL_LAYER_AUXILIAR_H
#define EDDL_LAYER_AUXILIAR_H

#include "eddl/descriptors/tensor_descriptors.h"
#include "eddl/layers/declare.h"

// The parent's shape as numbers, the same row for every sample; include_batch: the batch size comes first.
class LShape : public LinLayer {
public:
    static int total_layers;
    std::vector<float> data;  // the row
    bool include_batch;

    LShape(Layer* parent, bool include_batch, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

// Element by element: parent1 where condition is not 0, else parent2. Nothing flows back to the condition.
class LWhere : public MLayer {
public:
    static int total_layers;

    LWhere(Layer* parent1, Layer* parent2, Layer* condition, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

// A layer without parents: a copy of the tensor for every sample.
class LConstOfTensor : public LinLayer {
public:
    static int total_layers;
    Tensor* const_tensor;  // owned; no batch

    LConstOfTensor(Tensor* const_tensor, std::string name, int dev, int mem);
    ~LConstOfTensor() override;

    EDDL_LAYER_OVERRIDES
};

// Every dimension of 1 (batch not counted) becomes `size`.
class LExpand : public LinLayer {
public:
    static int total_layers;
    int size;
    ExpandDescriptor* sd;  // owned; of one sample

    LExpand(Layer* parent, int size, std::string name, int dev, int mem);
    ~LExpand() override;

    EDDL_LAYER_OVERRIDES
};

EDDL_UNAVAILABLE_LAYER(LEqual, LinLayer)
EDDL_UNAVAILABLE_LAYER(LGather, LinLayer)
EDDL_UNAVAILABLE_LAYER(LMultiThreshold, LinLayer)
EDDL_UNAVAILABLE_LAYER(LTopK, LinLayer)

#endif  // EDDL_LAYER_AUXILIAR_H
