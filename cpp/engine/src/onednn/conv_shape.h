// The shape of a convolution of plain tensors [batch, channels, …] with weights [out, in / groups, …].
#pragma once

#include "onednn/spatial.h"

namespace eddl::onednn {

struct ConvShape {
    int rank = 2;  // spatial axes: 2 or 3
    int batch = 0, groups = 1;
    int in_channels = 0, out_channels = 0;
    Spatial in{}, out{}, kernel{};
    Spatial stride{}, dilation{};
    Spatial before{}, after{};  // padding
    bool bias = false;
    bool save_memory = false;  // take the batch in parts, so that less of it is in scratch memory at a time

    bool operator==(const ConvShape& other) const;
};

}  // namespace eddl::onednn
