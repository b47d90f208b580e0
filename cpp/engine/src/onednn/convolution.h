// Convolution of plain tensors [batch, channels, …] with weights [out, in / groups, …], over two or three axes.
#pragma once

#include "onednn/conv_shape.h"
#include "onednn/convolution_choice.h"
#include "onednn/direct_convolution.h"
#include "onednn/operation.h"

namespace eddl::onednn {

class Convolution {
public:
    // bias is read only if shape.bias.
    void forward(const ConvShape& shape, const float* src, const float* weights, const float* bias, float* dst);
    // dst += …, without bias
    void forward_added(const ConvShape& shape, const float* src, const float* weights, float* dst);
    // diff_src += …
    void backward_data(const ConvShape& shape, const float* weights, const float* diff_dst, float* diff_src);
    // diff_weights += …; diff_bias += … if shape.bias
    void backward_weights(const ConvShape& shape, const float* src, const float* diff_dst, float* diff_weights,
                          float* diff_bias);

private:
    Cached<ConvShape, ConvKernel> forward_kernel_, backward_data_kernel_;
    Cached<ConvShape, DirectConvolution> direct_forward_, direct_backward_data_;
    Cached<ConvShape, Operation> forward_, forward_added_, backward_data_, backward_weights_;
};

}  // namespace eddl::onednn
