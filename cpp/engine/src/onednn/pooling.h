// 2-D maximum and average pooling of plain nchw tensors.
#pragma once

#include <array>

#include "onednn/operation.h"

namespace eddl::onednn {

struct PoolShape {
    int batch = 0, channels = 0;
    int in_rows = 0, in_columns = 0;
    int out_rows = 0, out_columns = 0;
    std::array<int, 2> window{}, stride{};
    std::array<int, 4> padding{};  // top, bottom, left, right

    bool operator==(const PoolShape& other) const;
};

enum class PoolKind { maximum, average };  // average: over the whole window, padding included as zeros

class Pooling {
public:
    explicit Pooling(PoolKind kind) : kind_(kind) {}

    void forward(const PoolShape& shape, const float* src, float* dst);
    // diff_src += …, for the last forward.
    void backward(const PoolShape& shape, const float* diff_dst, float* diff_src);

private:
    struct Operations {
        Operation forward, backward;
    };
    Operations make(const PoolShape& shape) const;
    Operations& operations(const PoolShape& shape);

    PoolKind kind_;
    Cached<PoolShape, Operations> operations_;
};

}  // namespace eddl::onednn
