// What nodes say of axes, read the same way whether layers or constants are meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "serialization/onnx/import/operators.h"

namespace eddl::onnx_io {

// Transpose's order of `rank` axes; without one they are reversed.
Ints read_order(const Node& node, std::size_t rank);

// Elements of one axis: start, start + step, …, `number` of them.
struct SlicedAxis {
    std::size_t axis = 0;
    std::int64_t start = 0, step = 1, number = 0;
};

// Slice's parts of a tensor of shape `dims`, an axis each. The inputs behind the first are constants.
std::vector<SlicedAxis> read_slices(const Node& node, const Arguments& inputs, const Ints& dims);

// The input, which must be there and hold integers.
const Ints& integers(const Node& node, const Arguments& inputs, std::size_t i);

}  // namespace eddl::onnx_io
