// Softmax over the middle axis of a row-major [outer, axis, inner] tensor.
#pragma once

#include "onednn/operation.h"

namespace eddl::onednn {

struct SoftmaxShape {
    int outer = 0, axis = 0, inner = 0;

    bool operator==(const SoftmaxShape& other) const;
};

class Softmax {
public:
    void forward(const SoftmaxShape& shape, const float* src, float* dst);
    // diff_src += …, from the forward's result
    void backward(const SoftmaxShape& shape, const float* dst, const float* diff_dst, float* diff_src);

private:
    Cached<SoftmaxShape, Operation> forward_, backward_;
};

}  // namespace eddl::onednn
