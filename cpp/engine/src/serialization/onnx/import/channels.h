// Channels taken by index, and sums of such, as one layer without copies in between.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "serialization/onnx/import/translation.h"

namespace eddl::onnx_io {

// The channels (axis 0 of the sample) that `indices` name, in their order; -1: zeros. x as it is if these are all.
Value take_channels(Translation& t, const Node& node, const Value& x, const Ints& indices, const std::string& part);
// Whether x is nothing but channels of another layer that take_channels made, maybe times a number.
bool takes_channels(const Value& x);

// The sum of layers of one shape, of which some only take channels or scale them, and constants, one number a channel;
// these become trainable. Nothing for sums that other layers compute as well.
std::optional<Value> sum_of_channels(Translation& t, const Node& node, const Values& operands);

}  // namespace eddl::onnx_io
