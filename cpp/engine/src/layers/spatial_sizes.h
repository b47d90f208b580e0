// From the lists of sizes that layers and descriptors keep to what the oneDNN wrappers take.
#pragma once

#include <algorithm>
#include <vector>

#include "onednn/spatial.h"

namespace eddl {

constexpr int FIRST_SPATIAL_AXIS = 2;  // after batch and channels

inline int spatial_axes(const std::vector<int>& shape) { return static_cast<int>(shape.size()) - FIRST_SPATIAL_AXIS; }

// A list of a 1-D layer has one size more than the layer axes, for the one column.
inline onednn::Spatial first_sizes(const std::vector<int>& sizes, int axes, int from = 0) {
    onednn::Spatial first{};
    std::copy_n(sizes.begin() + from, axes, first.begin());
    return first;
}

// Of a tensor's shape.
inline onednn::Spatial spatial_sizes(const std::vector<int>& shape) {
    return first_sizes(shape, spatial_axes(shape), FIRST_SPATIAL_AXIS);
}

enum class Side { before, after };

inline onednn::Spatial pads_at(const std::vector<int>& pads, int axes, Side side) {
    onednn::Spatial chosen{};
    for (int axis = 0; axis < axes; ++axis) chosen[axis] = pads[2 * axis + (side == Side::after)];
    return chosen;
}

}  // namespace eddl
