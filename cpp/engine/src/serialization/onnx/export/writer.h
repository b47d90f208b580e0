// Writing a graph: names, nodes, constants, parameters, and what layers put out.
#pragma once

#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "eddl/layers/layer.h"
#include "serialization/onnx/export/schedule.h"
#include "serialization/onnx/messages.h"

namespace eddl::onnx_io {

inline Ints to_ints(const std::vector<int> &values) { return Ints(values.begin(), values.end()); }
// A shape without the batch.
inline Ints sample_of(const Tensor &tensor) { return Ints(tensor.shape.begin() + 1, tensor.shape.end()); }

// A node that was just added; stands for the name of its first output.
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

    // Otherwise a node has the name of its output.
    NodeWriter &named(const std::string &name) {
        node_.set_name(name);
        return *this;
    }

    // One more output.
    const std::string &also(const std::string &output) {
        node_.add_output(output);
        return node_.output(node_.output_size() - 1);
    }

    operator const std::string &() const { return node_.output(0); }

private:
    NodeProto &node_;
};

// What is written of one net. A layer that works at each step puts out a sequence [steps, batch, …]. Layers that know
// nothing of time see it flat, as a batch of steps · batch samples; layers that work once see its last step; layers of
// a decoder see what works once repeated. Each of these is written when somebody asks for it.
class GraphWriter {
public:
    // Errors name `function`. With `gradients` parameters are replaced by their gradients. seq_len: 0 if it is free.
    GraphWriter(GraphProto &graph, const std::string &function, bool gradients, int seq_len);

    // `wanted`, or that with a number if it is taken; two layers may have one name, two values may not.
    std::string unique(const std::string &wanted);
    NodeWriter node(const std::string &op, const std::vector<std::string> &inputs, const std::string &output);
    std::string integers(const std::string &wanted, const Ints &values);

    // Makes a layer's output an input or output of the graph: [batch, …], or [batch, steps, …].
    void add_input(const Layer &layer, Time time);
    void add_output(const Layer &layer, Time time);

    // A layer's output: flat if it has steps, or as a sequence, whose last step may be known already.
    void set_flat(const Layer &layer, Time time, const std::string &value);
    void set_sequence(const Layer &layer, Time time, const std::string &value, const std::string &last);
    // The same as layers see it that work at `time`.
    const std::string &flat(const Layer &layer, Time time);
    const std::string &sequence(const Layer &layer, Time time);
    bool has_steps(const Layer &layer) const { return output_of(layer).time != Time::once; }

    // States of a recurrent layer, after the last step: [1, batch, units] each.
    void set_states(const Layer &layer, const std::vector<std::string> &states) { states_[&layer] = states; }
    const std::vector<std::string> &states_of(const Layer &layer) const;

    // The batch's size, known when the net runs, in an int64 vector.
    const std::string &batch();

    // params[index], or its gradient.
    const Tensor &parameter(const Layer &layer, std::size_t index) const;

    GraphProto &graph() { return graph_; }
    const std::string &function() const { return function_; }

private:
    struct Output {
        Time time;
        Ints sample;
        std::string flat, sequence, last, repeated_sequence, repeated_flat;
    };

    const Output &output_of(const Layer &layer) const;
    const std::string &once(const Layer &layer);
    void add_info(ValueInfoProto &message, const Layer &layer, Time time, const std::string &name) const;
    std::string transposed(const Layer &layer, const std::string &value, const std::string &wanted);
    const std::string &steps(const Layer &layer, Time time);
    // `value` brought by `op` to [front, batch, …].
    std::string shaped(const Layer &layer, const std::string &part, const std::string &op, const std::string &value,
                       const std::string &front);
    std::string dimension(const std::string &input, std::int64_t axis, const std::string &wanted);

    GraphProto &graph_;
    const std::string function_;
    const bool gradients_;
    const int seq_len_;
    std::unordered_set<std::string> names_, ends_;  // all, and the graph's inputs and outputs
    std::unordered_map<const Layer *, Output> outputs_;
    std::unordered_map<const Layer *, std::vector<std::string>> states_;
    std::unordered_map<Time, std::string> sequence_inputs_, steps_;
    std::string batch_;
};

// What the rule of a layer class writes with. Values between a layer's nodes, and its constants, are named
// <layer>_<part>.
class LayerWriter {
public:
    LayerWriter(GraphWriter &graph, const Schedule &schedule, const Layer &layer)
        : graph_(graph), schedule_(schedule), layer_(layer), time_(schedule.time_of(layer)) {}

    // Values of the parents' outputs.
    const std::string &input(std::size_t i = 0) { return graph_.flat(*layer_.parent.at(i), time_); }
    std::vector<std::string> inputs();

    // The node whose output is the layer's, which goes last, and one before it.
    NodeWriter result(const std::string &op, const std::vector<std::string> &inputs);
    NodeWriter step(const std::string &part, const std::string &op, const std::vector<std::string> &inputs);

    // Constants: a number, numbers of these dimensions, integers.
    std::string number(const std::string &part, float value);
    std::string numbers(const std::string &part, const Ints &dims, const Floats &values);
    std::string integers(const std::string &part, const Ints &values);
    // A tensor's values in its own shape or another.
    std::string tensor(const std::string &part, const Tensor &tensor, const Ints &dims);
    // The layer's params[index].
    std::string parameter(const std::string &part, std::size_t index);
    std::string parameter(const std::string &part, std::size_t index, const Ints &dims);

    // A value brought to a shape, whatever the batch.
    std::string reshaped(const std::string &part, const std::string &value, const Ints &sample);
    NodeWriter reshape_result(const std::string &value, const Ints &sample);
    // A value spread over all samples of the batch, as the result or before it.
    NodeWriter result_for_batch(const std::string &value, const Ints &sample);
    NodeWriter for_batch(const std::string &part, const std::string &value, const Ints &sample);

    // "layer 'x' cannot be written to ONNX: " and why.
    [[noreturn]] void refuse(const std::string &why) const;

    // For recurrent layers.
    const Tensor &parameter_values(std::size_t index) const { return graph_.parameter(layer_, index); }
    const std::string &input_steps() { return graph_.sequence(*layer_.parent.at(0), time_); }
    const Layer *initial_states() const { return schedule_.initial_states(layer_); }
    bool feeds_steps() const { return time_ == Time::decoder || schedule_.feeds_steps(layer_); }
    Time time() const { return time_; }
    GraphWriter &graph() { return graph_; }
    std::string part_name(const std::string &part) { return graph_.unique(layer_.name + "_" + part); }

private:
    std::string batch_shape(const Ints &sample);

    GraphWriter &graph_;
    const Schedule &schedule_;
    const Layer &layer_;
    const Time time_;
};

}  // namespace eddl::onnx_io
