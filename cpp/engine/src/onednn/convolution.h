// 2-D convolution of plain nchw tensors with weights [out, in / groups, rows, columns].
#pragma once

#include <array>

#include "onednn/operation.h"

namespace eddl::onednn {

struct ConvShape {
    int batch = 0;
    int in_channels = 0, in_rows = 0, in_columns = 0;
    int out_channels = 0, out_rows = 0, out_columns = 0;
    int rows = 0, columns = 0;  // of the kernel
    std::array<int, 2> stride{}, dilation{};
    std::array<int, 4> padding{};  // top, bottom, left, right
    int groups = 1;
    bool bias = false;
    bool save_memory = false;  // take the batch in parts, so that less of it is in scratch memory at a time

    bool operator==(const ConvShape& other) const;
};

class Convolution {
public:
    // bias is read only if shape.bias.
    void forward(const ConvShape& shape, const float* src, const float* weights, const float* bias, float* dst);
    // diff_src += …
    void backward_data(const ConvShape& shape, const float* weights, const float* diff_dst, float* diff_src);
    // diff_weights += …; diff_bias += … if shape.bias
    void backward_weights(const ConvShape& shape, const float* src, const float* diff_dst, float* diff_weights,
                          float* diff_bias);

private:
    Cached<ConvShape, Operation> forward_, backward_data_, backward_weights_;
};

}  // namespace eddl::onednn
