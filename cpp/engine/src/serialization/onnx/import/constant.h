// Numbers that a graph carries: initialisers, constants and what is computed from them at import.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "serialization/onnx/import/node.h"

namespace eddl::onnx_io {

// Floats of any width are kept as float, integers and booleans as 64-bit integers.
struct Constant {
    Ints dims;
    std::variant<Floats, Ints> data;

    bool integral() const { return data.index() == 1; }
    std::size_t size() const {
        return std::visit([](const auto& values) { return values.size(); }, data);
    }
    Floats floats() const {
        return std::visit([](const auto& values) { return Floats(values.begin(), values.end()); }, data);
    }
    // Refused where the values are not integers; `what` names them in the message.
    const Ints& integers(const Node& node, const std::string& what) const {
        if (!integral()) refuse(node, "expected integers as ", what, ", received floats");
        return std::get<Ints>(data);
    }
};

// Reads a tensor, whose data must have exactly the size that its dimensions say. External data is looked for in
// `folder` and below, whatever links and dots its location is made of; without a folder it is refused.
Constant decode(const TensorProto& tensor, const std::string* folder);

// Whether elements of this type are whole numbers (booleans included), or have fractions. Others are not covered.
bool is_whole(int type);
bool is_fractional(int type);

}  // namespace eddl::onnx_io
