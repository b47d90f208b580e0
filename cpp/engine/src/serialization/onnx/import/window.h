// What convolutions and pools have in common: a window that slides over the axes behind the channels.
#pragma once

#include <string>
#include <vector>

#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

struct Window {
    std::vector<int> kernel, strides, dilations;
    std::vector<int> before, after;  // padding an axis

    std::size_t axes() const { return kernel.size(); }
    // Before and after, axis by axis, as layers take them.
    std::vector<int> pads() const;
    bool has_padding() const;
    // One more axis, of 1: layers over one axis are told of two.
    Window with_column() const;
    std::int64_t extent(std::size_t axis) const { return std::int64_t{kernel[axis] - 1} * dilations[axis] + 1; }
};

// Strides, dilations and, from auto_pad or pads, padding; `kernel` is as checked by the caller. Sizes that could not be
// meant are refused: no window is larger than the padded input.
Window read_window(const Node& node, const Value& x, const std::vector<int>& kernel);

// The window's dimensions from a node's attribute.
std::vector<int> kernel_shape(const Node& node, std::size_t axes);

// [channels, positions of the window…]
Ints slid(const Node& node, const Value& x, const Window& window, std::int64_t channels);

constexpr int MAX_WINDOW = 1 << 20;

}  // namespace eddl::onnx_io
