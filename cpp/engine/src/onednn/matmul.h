// Matrix products of plain tensors, many of one shape at a time.
#pragma once

#include "onednn/operation.h"

namespace eddl::onednn {

// destination = left · right; with Write::accumulate the primitive adds in place.
Operation make_product(const Desc& left, const Desc& right, const Desc& destination, Write how);

// `batch` products [rows, inner] · [inner, columns].
struct MatMulShape {
    std::int64_t batch = 0, rows = 0, inner = 0, columns = 0;

    bool operator==(const MatMulShape& other) const;
};

class MatMul {
public:
    void forward(const MatMulShape& shape, const float* left, const float* right, float* dst);
    // diff_left += diff_dst · rightᵀ
    void backward_left(const MatMulShape& shape, const float* right, const float* diff_dst, float* diff_left);
    // diff_right += leftᵀ · diff_dst
    void backward_right(const MatMulShape& shape, const float* left, const float* diff_dst, float* diff_right);

private:
    Cached<MatMulShape, Operation> forward_, backward_left_, backward_right_;
};

}  // namespace eddl::onednn
