// A node of an ONNX graph as the importer sees it, and how a node is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "errors.h"
#include "serialization/onnx/messages.h"

namespace eddl::onnx_io {

constexpr const char* IMPORT = "ONNX import";

// A model that cannot be imported; the message says where and why.
class ImportError : public std::runtime_error {
public:
    explicit ImportError(const std::string& message);
};

// For what is wrong with the model as a whole.
template <typename... Parts>
[[noreturn]] void reject(const Parts&... parts) {
    throw ImportError(describe(IMPORT, parts...));
}

struct Node {
    std::shared_ptr<const NodeProto> message;  // has the attributes; names may differ where a function was put in place
    std::string name;                          // its own, or its first output's where it has none
    std::string op;                            // "domain.Op" outside of ONNX' own domain
    std::int64_t opset = 0;
    std::vector<std::string> inputs, outputs;  // "" where an optional one is left out

    bool has_input(std::size_t i) const { return i < inputs.size() && !inputs[i].empty(); }
    bool has_output(std::size_t i) const { return i < outputs.size() && !outputs[i].empty(); }

    // The attribute, or `otherwise` where the node has none of that name. One of another type is refused.
    bool has(const char* attribute) const { return find_attribute(*message, attribute) != nullptr; }
    std::int64_t integer(const char* attribute, std::int64_t otherwise) const {
        return get_int(*message, attribute, otherwise);
    }
    bool flag(const char* attribute, bool otherwise) const { return integer(attribute, otherwise ? 1 : 0) != 0; }
    float number(const char* attribute, float otherwise) const { return get_float(*message, attribute, otherwise); }
    std::string text(const char* attribute, const char* otherwise) const {
        return get_string(*message, attribute, otherwise);
    }
    Ints integers(const char* attribute, const Ints& otherwise = {}) const {
        return get_ints(*message, attribute, otherwise);
    }
};

// "node 'conv1' (Conv)"
inline std::string title(const Node& node) { return "node '" + node.name + "' (" + node.op + ")"; }

inline bool is_recurrent(const Node& node) { return node.op == "LSTM" || node.op == "GRU" || node.op == "RNN"; }

template <typename... Parts>
[[noreturn]] void refuse(const Node& node, const Parts&... parts) {
    throw ImportError(describe(std::string(IMPORT) + ": " + title(node), parts...));
}

// `value` as an int; refused outside of [min, max].
int as_int(const Node& node, const std::string& what, std::int64_t value, std::int64_t min, std::int64_t max);
// The same for each of a list that must have `count` values.
std::vector<int> as_ints(const Node& node, const std::string& what, const Ints& values, std::size_t count,
                         std::int64_t min, std::int64_t max);

// An axis in [-rank, rank) counted from the front.
std::size_t as_axis(const Node& node, std::int64_t axis, std::size_t rank);

}  // namespace eddl::onnx_io
