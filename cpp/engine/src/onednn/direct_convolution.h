// Convolution of plain tensors by a kernel of ours, which takes every number of channels as it is: oneDNN's fill blocks
// of eight, and a pruned net has 9 or 17. On x86 it needs AVX2.
#pragma once

#include "onednn/convolution.h"

namespace eddl::onednn {

// What the functions below cost, in cycles of one core.
double direct_forward_cycles(const ConvShape& shape);
double direct_backward_data_cycles(const ConvShape& shape);

// As the members of Convolution; `add` keeps what dst holds, and leaves out the bias.
void direct_forward(const ConvShape& shape, const float* src, const float* weights, const float* bias, float* dst,
                    bool add);
// Steps of 1 only.
void direct_backward_data(const ConvShape& shape, const float* weights, const float* diff_dst, float* diff_src);

}  // namespace eddl::onednn
