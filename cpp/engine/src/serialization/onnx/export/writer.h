// Writing a graph: names, nodes, constants and parameters.
#pragma once

#include <initializer_list>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "eddl/layers/layer.h"
#include "serialization/onnx/messages.h"

namespace eddl::onnx_io {

inline Ints to_ints(const std::vector<int> &values) { return Ints(values.begin(), values.end()); }

// A node that was just added; stands for the name of its output.
class NodeWriter {
public:
    explicit NodeWriter(NodeProto &node) : node_(node) {}

    template <typename T>
    NodeWriter &with(const std::string &attribute, const T &value) {
        if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
            add_attribute(node_, attribute, static_cast<std::int64_t>(value));
        } else {
            add_attribute(node_, attribute, value);
        }
        return *this;
    }

    operator const std::string &() const { return node_.output(0); }

private:
    NodeProto &node_;
};

// What is written of one net.
class GraphWriter {
public:
    // Errors name `function`. With `gradients` parameters are replaced by their gradients.
    GraphWriter(GraphProto &graph, const std::string &function, bool gradients);

    // `wanted`, or that with a number if it is taken; two layers may have one name, two values may not.
    std::string unique(const std::string &wanted);
    NodeWriter node(const std::string &op, const std::vector<std::string> &inputs, const std::string &output);

    // The value that is a layer's output.
    void set_value(const Layer &layer, const std::string &value) { values_[&layer] = value; }
    const std::string &value_of(const Layer &layer) const;

    // An int64 vector with the batch's size, taken from the first input when the net runs.
    const std::string &batch();

    // params[index], or its gradient.
    std::string parameter(const Layer &layer, std::size_t index, const std::string &wanted, const Ints &dims);

    GraphProto &graph() { return graph_; }
    const std::string &function() const { return function_; }

private:
    GraphProto &graph_;
    const std::string function_;
    const bool gradients_;
    std::unordered_set<std::string> names_;
    std::unordered_map<const Layer *, std::string> values_;
    std::string batch_;
};

// What the rule of a layer class writes with. Values between a layer's nodes, and its constants, are named
// <layer>_<part>.
class LayerWriter {
public:
    LayerWriter(GraphWriter &graph, const Layer &layer) : graph_(graph), layer_(layer) {}

    // Values of the parents' outputs.
    const std::string &input(std::size_t i = 0) const { return graph_.value_of(*layer_.parent.at(i)); }
    std::vector<std::string> inputs() const;

    // The node whose output is the layer's, which goes last, and one before it.
    NodeWriter result(const std::string &op, const std::vector<std::string> &inputs);
    NodeWriter step(const std::string &part, const std::string &op, const std::vector<std::string> &inputs);

    // Constants: a number, numbers of these dimensions, integers, a tensor.
    std::string number(const std::string &part, float value);
    std::string numbers(const std::string &part, const Ints &dims, const Floats &values);
    std::string integers(const std::string &part, const Ints &values);
    std::string tensor(const std::string &part, const Tensor &tensor, const Ints &dims);
    // The layer's params[index], in its own shape or another.
    std::string parameter(const std::string &part, std::size_t index);
    std::string parameter(const std::string &part, std::size_t index, const Ints &dims);

    // `value` brought to a shape. The batch's size is not known: -1 goes in its place.
    std::string reshaped(const std::string &part, const std::string &value, const Ints &sample);
    NodeWriter reshape_result(const std::string &value, const Ints &sample);
    // A value of dimensions [1, …] repeated for each sample.
    NodeWriter result_for_batch(const std::string &value, const Ints &sample);

    // Refuses the layer: "…, which has no ONNX form".
    [[noreturn]] void refuse(const std::string &why) const;

    const Layer &layer() const { return layer_; }

private:
    std::string part_name(const std::string &part) { return graph_.unique(layer_.name + "_" + part); }
    TensorProto &constant(std::string &name, const std::string &part);
    std::string batch_shape(const Ints &sample);

    GraphWriter &graph_;
    const Layer &layer_;
};

}  // namespace eddl::onnx_io
