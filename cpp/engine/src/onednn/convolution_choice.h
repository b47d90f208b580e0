// The choice between the kernels for a convolution, by the work of each: always the same answer for a shape, so that
// results are the same from run to run.
#pragma once

#include "onednn/convolution.h"

namespace eddl::onednn {

ConvKernel forward_kernel(const ConvShape& shape);
ConvKernel backward_data_kernel(const ConvShape& shape);

}  // namespace eddl::onednn
