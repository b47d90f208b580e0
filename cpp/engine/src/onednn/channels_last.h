// The choice between oneDNN's convolution kernels for channels-last and for channel-blocked tensors.
#pragma once

#include "onednn/convolution.h"

namespace eddl::onednn {

// Whether this machine runs the kernels that the choice was measured with.
bool has_measured_kernels();

// Whether the forward pass is faster on channels-last tensors than on blocked ones, by the work of either: always the
// same answer for a shape, so that results are the same from run to run.
bool channels_last_pays(const ConvShape& shape);

}  // namespace eddl::onednn
