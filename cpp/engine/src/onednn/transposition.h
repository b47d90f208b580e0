// Between plain tensors and channels-last ones: each sample is a matrix [channels, positions] to be transposed.
#pragma once

#include <cstddef>

namespace eddl::onednn {

struct Transposition {
    std::ptrdiff_t count, rows, columns;  // of row-major matrices, one after the other

    // dst, of `count` matrices [columns, rows], = or += the transposed ones of src.
    void run(const float* src, float* dst, bool add) const;
};

}  // namespace eddl::onednn
