// Matrix products of a dense layer: src [rows, in], weights [in, out], dst [rows, out], all row-major.
#pragma once

#include "onednn/operation.h"

namespace eddl::onednn {

struct DenseShape {
    int rows = 0, in = 0, out = 0;
    bool bias = false;

    bool operator==(const DenseShape& other) const;
};

class Dense {
public:
    // dst = src · weights + bias; bias is read only if shape.bias
    void forward(const DenseShape& shape, const float* src, const float* weights, const float* bias, float* dst);
    // diff_src += diff_dst · weightsᵀ
    void backward_data(const DenseShape& shape, const float* weights, const float* diff_dst, float* diff_src);
    // diff_weights += srcᵀ · diff_dst; diff_bias += sum of the rows of diff_dst, if shape.bias
    void backward_weights(const DenseShape& shape, const float* src, const float* diff_dst, float* diff_weights,
                          float* diff_bias);

private:
    Cached<DenseShape, Operation> forward_, backward_data_, backward_weights_;
};

}  // namespace eddl::onednn
