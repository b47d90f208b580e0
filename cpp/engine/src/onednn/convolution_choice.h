// The choice between the kernels for a convolution, by the work of each: always the same answer for a shape, so that
// results are the same from run to run.
#pragma once

#include "onednn/conv_shape.h"

namespace eddl::onednn {

enum class ConvKernel {
    onednn,         // in the layout that oneDNN chooses, or the plain one
    channels_last,  // oneDNN's for tensors with the channels innermost
    direct,         // ours, direct_convolution.h
    depthwise,      // ours, depthwise.h
};

ConvKernel forward_kernel(const ConvShape& shape);
ConvKernel backward_data_kernel(const ConvShape& shape);

}  // namespace eddl::onednn
