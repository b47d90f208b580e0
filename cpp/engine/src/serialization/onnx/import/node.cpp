#include "serialization/onnx/import/node.h"

namespace eddl::onnx_io {

namespace {

constexpr std::size_t MAX_MESSAGE = 4000;

}  // namespace

ImportError::ImportError(const std::string& message) : std::runtime_error(readable(message, MAX_MESSAGE)) {}

int as_int(const Node& node, const std::string& what, std::int64_t value, std::int64_t min, std::int64_t max) {
    if (value < min || value > max) {
        refuse(node, "expected ", what, " between ", min, " and ", max, ", received ", value);
    }
    return static_cast<int>(value);
}

std::vector<int> as_ints(const Node& node, const std::string& what, const Ints& values, std::size_t count,
                         std::int64_t min, std::int64_t max) {
    if (values.size() != count) refuse(node, "expected ", count, " ", what, ", received ", values);
    std::vector<int> result;
    for (const std::int64_t value : values) result.push_back(as_int(node, what, value, min, max));
    return result;
}

std::size_t as_axis(const Node& node, std::int64_t axis, std::size_t rank) {
    const auto size = static_cast<std::int64_t>(rank);
    if (axis < -size || axis >= size) {
        refuse(node, "expected an axis between ", -size, " and ", size - 1, ", received ", axis);
    }
    return static_cast<std::size_t>(axis < 0 ? axis + size : axis);
}

}  // namespace eddl::onnx_io
