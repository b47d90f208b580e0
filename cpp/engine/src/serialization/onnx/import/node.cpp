#include "serialization/onnx/import/node.h"

namespace eddl::onnx_io {

namespace {

// How many bytes the character at `i` has; 0 where there is none that is well-formed and plain.
std::size_t character_length(const std::string& text, std::size_t i) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(i);
    if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
    const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    if (length == 0 || i + length > text.size()) return 0;
    for (std::size_t k = 1; k < length; ++k)
        if ((byte(i + k) & 0xc0) != 0x80) return 0;
    // Longer forms of short characters, surrogates, and what is beyond Unicode.
    const unsigned char second = byte(i + 1);
    const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
                       (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90) ||
                       (first == 0xc2 && second < 0xa0);
    return wrong ? 0 : length;
}

constexpr std::size_t MAX_MESSAGE = 4000;

}  // namespace

std::string readable(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = character_length(text, i);
        result += length == 0 ? "?" : text.substr(i, length);
        i += length == 0 ? 1 : length;
    }
    return result;
}

ImportError::ImportError(const std::string& message)
    : std::runtime_error(readable(message.size() > MAX_MESSAGE ? message.substr(0, MAX_MESSAGE) + "..." : message)) {}

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
