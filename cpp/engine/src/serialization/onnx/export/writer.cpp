#include "serialization/onnx/export/writer.h"

#include <limits>

#include "errors.h"

namespace eddl::onnx_io {

namespace {

Ints joined(Ints front, const Ints &sample) {
    front.insert(front.end(), sample.begin(), sample.end());
    return front;
}

}  // namespace

// --- GraphWriter ---

GraphWriter::GraphWriter(GraphProto &graph, const std::string &function, bool gradients, int seq_len)
    : graph_(graph), function_(function), gradients_(gradients), seq_len_(seq_len) {}

std::string GraphWriter::unique(const std::string &wanted) {
    std::string name = wanted;
    for (int i = 2; !names_.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
    return name;
}

NodeWriter GraphWriter::node(const std::string &op, const std::vector<std::string> &inputs, const std::string &output) {
    NodeProto &node = *graph_.add_node();
    node.set_op_type(op);
    node.set_name(output);
    for (const std::string &input : inputs) node.add_input(input);
    node.add_output(output);
    return NodeWriter(node);
}

std::string GraphWriter::integers(const std::string &wanted, const Ints &values) {
    const std::string name = unique(wanted);
    write_tensor(*graph_.add_initializer(), name, {static_cast<std::int64_t>(values.size())}, values);
    return name;
}

void GraphWriter::add_info(ValueInfoProto &message, const Layer &layer, Time time, const std::string &name) const {
    Ints front{-1};
    if (time != Time::once) front.push_back(seq_len_ > 0 ? seq_len_ : -1);
    write_value_info(message, name, joined(front, sample_of(*layer.output)),
                     time == Time::decoder ? "decoder_sequence" : "sequence");
}

// Swaps steps and batch.
std::string GraphWriter::transposed(const Layer &layer, const std::string &value, const std::string &wanted) {
    Ints permutation{1, 0};
    for (unsigned int axis = 1; axis < layer.output->ndim; ++axis) permutation.push_back(axis + 1);
    return node("Transpose", {value}, unique(wanted)).with("perm", permutation);
}

void GraphWriter::add_input(const Layer &layer, Time time) {
    const std::string name = unique(layer.name);
    ends_.insert(name);
    add_info(*graph_.add_input(), layer, time, name);
    if (time == Time::once) {
        set_flat(layer, time, name);
    } else {
        sequence_inputs_.emplace(time, name);
        set_sequence(layer, time, transposed(layer, name, name + "_steps"), "");
    }
}

void GraphWriter::add_output(const Layer &layer, Time time) {
    const std::string wanted = layer.name + "_output";
    std::string value = time == Time::once ? once(layer) : transposed(layer, sequence(layer, time), wanted);
    // An input that is an output too, or an output given twice, needs a name of its own.
    if (!ends_.insert(value).second) value = node("Identity", {value}, unique(wanted));
    add_info(*graph_.add_output(), layer, time, value);
}

void GraphWriter::set_flat(const Layer &layer, Time time, const std::string &value) {
    outputs_[&layer] = {time, sample_of(*layer.output), value, "", "", "", ""};
}

void GraphWriter::set_sequence(const Layer &layer, Time time, const std::string &value, const std::string &last) {
    outputs_[&layer] = {time, sample_of(*layer.output), "", value, last, "", ""};
}

const GraphWriter::Output &GraphWriter::output_of(const Layer &layer) const {
    const auto found = outputs_.find(&layer);
    if (found == outputs_.end()) invalid(function_, "layer '", layer.name, "' feeds the net and is not part of it");
    return found->second;
}

// What the layer puts out once, or at the last step.
const std::string &GraphWriter::once(const Layer &layer) {
    const Time time = output_of(layer).time;
    Output &output = outputs_[&layer];
    if (time == Time::once) return output.flat;
    if (output.last.empty()) {
        constexpr std::int64_t BEHIND = std::numeric_limits<std::int64_t>::max();
        const std::string range = layer.name + "_last_";
        const std::string last = node("Slice", {sequence(layer, time), integers(range + "begin", {-1}),
                                                integers(range + "end", {BEHIND}), integers(range + "axis", {0})},
                                      unique(layer.name + "_last_step"));
        output.last = node("Squeeze", {last}, unique(layer.name + "_last")).with("axes", Ints{0});
    }
    return output.last;
}

std::string GraphWriter::shaped(const Layer &layer, const std::string &part, const std::string &op,
                                const std::string &value, const std::string &front) {
    const std::string wanted = layer.name + "_" + part;
    const std::string sample = integers(wanted + "_sample", output_of(layer).sample);
    const std::string shape = node("Concat", {front, batch(), sample}, unique(wanted + "_shape")).with("axis", 0);
    return node(op, {value, shape}, unique(wanted));
}

const std::string &GraphWriter::sequence(const Layer &layer, Time time) {
    const bool in_step = output_of(layer).time == time;
    Output &output = outputs_[&layer];
    if (in_step) {
        if (output.sequence.empty()) {
            output.sequence = shaped(layer, "steps", "Reshape", output.flat, integers(layer.name + "_all", {-1}));
        }
        return output.sequence;
    }
    if (output.repeated_sequence.empty()) {
        const std::string wanted = unique(layer.name + "_one_step");
        const std::string one = node("Unsqueeze", {once(layer)}, wanted).with("axes", Ints{0});
        output.repeated_sequence = shaped(layer, "repeated", "Expand", one, steps(layer, time));
    }
    return output.repeated_sequence;
}

const std::string &GraphWriter::flat(const Layer &layer, Time time) {
    if (time == Time::once) return once(layer);
    const bool in_step = output_of(layer).time == time;
    Output &output = outputs_[&layer];
    std::string &value = in_step ? output.flat : output.repeated_flat;
    if (value.empty()) {
        const std::string wanted = layer.name + (in_step ? "_flat" : "_repeated_flat");
        const std::string shape = integers(wanted + "_shape", joined({-1}, output.sample));
        value = node("Reshape", {sequence(layer, time), shape}, unique(wanted));
    }
    return value;
}

const std::vector<std::string> &GraphWriter::states_of(const Layer &layer) const {
    const auto found = states_.find(&layer);
    if (found == states_.end()) invalid(function_, "layer '", layer.name, "' has no states that ONNX could pass on");
    return found->second;
}

std::string GraphWriter::dimension(const std::string &input, std::int64_t axis, const std::string &wanted) {
    const std::string shape = node("Shape", {input}, unique(wanted + "_of_shape"));
    const std::string begin = integers(wanted + "_begin", {axis}), end = integers(wanted + "_end", {axis + 1});
    return node("Slice", {shape, begin, end}, unique(wanted));
}

const std::string &GraphWriter::batch() {
    if (batch_.empty()) {
        if (graph_.input_size() == 0) invalid(function_, "the net has no input that its batch could come from");
        batch_ = dimension(graph_.input(0).name(), 0, "batch");
    }
    return batch_;
}

// The number of steps, for `layer` to be repeated.
const std::string &GraphWriter::steps(const Layer &layer, Time time) {
    std::string &value = steps_[time];
    const auto input = sequence_inputs_.find(time);
    if (!value.empty()) return value;
    if (seq_len_ > 0) {
        value = integers("steps", {seq_len_});
    } else if (input != sequence_inputs_.end()) {
        value = dimension(input->second, 1, "steps");
    } else {
        invalid(function_, "how often layer '", layer.name,
                "' is repeated is not known; give the sequences' length, seq_len");
    }
    return value;
}

const Tensor &GraphWriter::parameter(const Layer &layer, std::size_t index) const {
    const Tensor *parameter = layer.params.at(index);
    const bool trainable = index < static_cast<std::size_t>(const_cast<Layer &>(layer).get_trainable_params_count());
    if (!gradients_ || !trainable) return *parameter;
    // In distributed training, what the optimizer did since the last reset is what EDDL sends.
    const vtensor &gradients = layer.distributed_training ? layer.acc_gradients : layer.gradients;
    if (index >= gradients.size() || gradients[index] == nullptr || gradients[index]->size != parameter->size) {
        invalid(function_, "layer '", layer.name, "' has no gradients");
    }
    return *gradients[index];
}

// --- LayerWriter ---

std::vector<std::string> LayerWriter::inputs() {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < layer_.parent.size(); ++i) values.push_back(input(i));
    return values;
}

NodeWriter LayerWriter::result(const std::string &op, const std::vector<std::string> &inputs) {
    const std::string value = graph_.unique(layer_.name);
    graph_.set_flat(layer_, time_, value);
    return graph_.node(op, inputs, value);
}

NodeWriter LayerWriter::step(const std::string &part, const std::string &op, const std::vector<std::string> &inputs) {
    return graph_.node(op, inputs, part_name(part));
}

std::string LayerWriter::number(const std::string &part, float value) { return numbers(part, {}, {value}); }

std::string LayerWriter::numbers(const std::string &part, const Ints &dims, const Floats &values) {
    if (count(dims, part) != static_cast<std::int64_t>(values.size())) refuse("its " + part + " have another shape");
    const std::string name = part_name(part);
    write_tensor(*graph_.graph().add_initializer(), name, dims, values.data());
    return name;
}

std::string LayerWriter::integers(const std::string &part, const Ints &values) {
    return graph_.integers(layer_.name + "_" + part, values);
}

std::string LayerWriter::tensor(const std::string &part, const Tensor &tensor, const Ints &dims) {
    const std::string name = part_name(part);
    write_tensor(*graph_.graph().add_initializer(), name, tensor, dims);
    return name;
}

std::string LayerWriter::parameter(const std::string &part, std::size_t index) {
    return parameter(part, index, to_ints(layer_.params.at(index)->shape));
}

std::string LayerWriter::parameter(const std::string &part, std::size_t index, const Ints &dims) {
    return tensor(part, parameter_values(index), dims);
}

std::string LayerWriter::reshaped(const std::string &part, const std::string &value, const Ints &sample) {
    return step(part, "Reshape", {value, integers(part + "_shape", joined({-1}, sample))});
}

NodeWriter LayerWriter::reshape_result(const std::string &value, const Ints &sample) {
    return result("Reshape", {value, integers("target_shape", joined({-1}, sample))});
}

std::string LayerWriter::batch_shape(const Ints &sample) {
    if (time_ != Time::once) refuse("it works at each step of a sequence");
    return step("shape", "Concat", {graph_.batch(), integers("sample", sample)}).with("axis", 0);
}

NodeWriter LayerWriter::result_for_batch(const std::string &value, const Ints &sample) {
    return result("Expand", {value, batch_shape(sample)});
}

NodeWriter LayerWriter::for_batch(const std::string &part, const std::string &value, const Ints &sample) {
    return step(part, "Expand", {value, batch_shape(sample)});
}

void LayerWriter::refuse(const std::string &why) const {
    invalid(graph_.function(), "layer '", layer_.name, "' cannot be written to ONNX: ", why);
}

}  // namespace eddl::onnx_io
