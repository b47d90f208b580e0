// Transposed convolution of plain tensors with weights [in, out / groups, …], over two or three axes: a convolution's
// passes with the roles of input and output exchanged.
#pragma once

#include "onednn/convolution.h"

namespace eddl::onednn {

// In `shape` the padding is what is cut off the output; one after it may be negative. Otherwise as for Convolution.
class TransposedConvolution {
public:
    void forward(const ConvShape& shape, const float* src, const float* weights, const float* bias, float* dst);
    // diff_src += …
    void backward_data(const ConvShape& shape, const float* weights, const float* diff_dst, float* diff_src);
    // diff_weights += …; diff_bias += … if shape.bias
    void backward_weights(const ConvShape& shape, const float* src, const float* diff_dst, float* diff_weights,
                          float* diff_bias);

private:
    Convolution convolution_;
};

}  // namespace eddl::onednn
