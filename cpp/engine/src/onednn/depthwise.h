// Depthwise convolution over three axes on plain tensors: oneDNN has no generated code for it.
#pragma once

#include "onednn/conv_shape.h"

namespace eddl::onednn {

// Whether these functions take the shape: three axes, every channel alone, steps of 1 along the last axis.
bool is_direct_depthwise(const ConvShape& shape);

// As the members of Convolution; `add` keeps what dst holds, and leaves out the bias.
void depthwise_forward(const ConvShape& shape, const float* src, const float* weights, const float* bias, float* dst,
                       bool add);
void depthwise_backward_data(const ConvShape& shape, const float* weights, const float* diff_dst, float* diff_src);
void depthwise_backward_weights(const ConvShape& shape, const float* src, const float* diff_dst, float* diff_weights,
                                float* diff_bias);

}  // namespace eddl::onednn
