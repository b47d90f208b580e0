// Sizes along the spatial axes of a tensor [batch, channels, …], for primitives on two or three of them.
#pragma once

#include <array>
#include <cstddef>

#include "onednn/operation.h"

namespace eddl::onednn {

// Outermost axis first. Only the first `rank` entries of a shape's arrays count; the others are 0.
using Spatial = std::array<int, 3>;

inline Dims dims_of(const Spatial& sizes, int rank) { return Dims(sizes.begin(), sizes.begin() + rank); }

// `first`, then the spatial sizes.
inline Dims dims_of(Dims first, const Spatial& sizes, int rank) {
    first.insert(first.end(), sizes.begin(), sizes.begin() + rank);
    return first;
}

inline std::ptrdiff_t ceil_div(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

// Number of positions.
inline std::ptrdiff_t volume(const Spatial& sizes, int rank) {
    std::ptrdiff_t product = 1;
    for (int axis = 0; axis < rank; ++axis) product *= sizes[axis];
    return product;
}

}  // namespace eddl::onednn
