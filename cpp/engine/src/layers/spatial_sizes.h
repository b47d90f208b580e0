// From the lists of sizes that layers and descriptors keep to what the oneDNN wrappers take. A 1-D layer's tensors go
// there as images of one row: oneDNN has no fast depthwise convolution over one axis.
#pragma once

#include <algorithm>
#include <vector>

#include "onednn/spatial.h"

namespace eddl {

constexpr int FIRST_SPATIAL_AXIS = 2;  // after batch and channels

inline int spatial_axes(const std::vector<int>& shape) { return static_cast<int>(shape.size()) - FIRST_SPATIAL_AXIS; }

// The wrappers' rank for a layer of so many axes.
inline int rank_of(int axes) { return std::max(axes, 2); }

// `axes` entries from `from` on; what a list of a 1-D layer has beyond (for its column) is left out. `row`: for the one
// row of a 1-D layer.
inline onednn::Spatial sizes_of(const std::vector<int>& list, int axes, int from = 0, int row = 1) {
    onednn::Spatial sizes{};
    const bool one_row = axes == 1;
    if (one_row) sizes[0] = row;
    std::copy_n(list.begin() + from, axes, sizes.begin() + one_row);
    return sizes;
}

// Of a tensor's shape.
inline onednn::Spatial spatial_sizes(const std::vector<int>& shape) {
    return sizes_of(shape, spatial_axes(shape), FIRST_SPATIAL_AXIS);
}

enum class Side { before, after };

// Of a list with two for each axis.
inline onednn::Spatial pads_at(const std::vector<int>& pads, int axes, Side side) {
    std::vector<int> chosen;
    for (int axis = 0; axis < axes; ++axis) chosen.push_back(pads[2 * axis + (side == Side::after)]);
    return sizes_of(chosen, axes, 0, 0);
}

}  // namespace eddl
