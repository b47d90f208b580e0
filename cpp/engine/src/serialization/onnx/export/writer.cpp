#include "serialization/onnx/export/writer.h"

#include "errors.h"

namespace eddl::onnx_io {

namespace {

Ints behind_batch(const Ints &sample, std::int64_t batch) {
    Ints shape{batch};
    shape.insert(shape.end(), sample.begin(), sample.end());
    return shape;
}

Ints shape_of(const Tensor &tensor) { return to_ints(tensor.shape); }

}  // namespace

// --- GraphWriter ---

GraphWriter::GraphWriter(GraphProto &graph, const std::string &function, bool gradients)
    : graph_(graph), function_(function), gradients_(gradients) {}

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

const std::string &GraphWriter::value_of(const Layer &layer) const {
    const auto found = values_.find(&layer);
    if (found == values_.end()) invalid(function_, "layer '", layer.name, "' feeds the net and is not part of it");
    return found->second;
}

const std::string &GraphWriter::batch() {
    if (batch_.empty()) {
        if (graph_.input_size() == 0) invalid(function_, "the net has no input that its batch could come from");
        const std::string shape = node("Shape", {graph_.input(0).name()}, unique("input_shape"));
        TensorProto &first = *graph_.add_initializer(), &second = *graph_.add_initializer();
        write_tensor(first, unique("batch_begin"), {1}, Ints{0});
        write_tensor(second, unique("batch_end"), {1}, Ints{1});
        batch_ = node("Slice", {shape, first.name(), second.name()}, unique("batch"));
    }
    return batch_;
}

std::string GraphWriter::parameter(const Layer &layer, std::size_t index, const std::string &wanted, const Ints &dims) {
    const Tensor *tensor = layer.params.at(index);
    const bool trainable = index < static_cast<std::size_t>(const_cast<Layer &>(layer).get_trainable_params_count());
    if (gradients_ && trainable) {
        // Those of all batches since they were last reset, where the net keeps them.
        const vtensor &gradients = layer.distributed_training ? layer.acc_gradients : layer.gradients;
        if (index >= gradients.size() || gradients[index] == nullptr || gradients[index]->size != tensor->size) {
            invalid(function_, "layer '", layer.name, "' has no gradients");
        }
        tensor = gradients[index];
    }
    const std::string name = unique(wanted);
    write_tensor(*graph_.add_initializer(), name, *tensor, dims);
    return name;
}

// --- LayerWriter ---

std::vector<std::string> LayerWriter::inputs() const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < layer_.parent.size(); ++i) values.push_back(input(i));
    return values;
}

NodeWriter LayerWriter::result(const std::string &op, const std::vector<std::string> &inputs) {
    const std::string value = graph_.unique(layer_.name);
    graph_.set_value(layer_, value);
    return graph_.node(op, inputs, value);
}

NodeWriter LayerWriter::step(const std::string &part, const std::string &op, const std::vector<std::string> &inputs) {
    return graph_.node(op, inputs, part_name(part));
}

TensorProto &LayerWriter::constant(std::string &name, const std::string &part) {
    name = part_name(part);
    return *graph_.graph().add_initializer();
}

std::string LayerWriter::number(const std::string &part, float value) { return numbers(part, {}, {value}); }

std::string LayerWriter::numbers(const std::string &part, const Ints &dims, const Floats &values) {
    if (count(dims, part) != static_cast<std::int64_t>(values.size())) refuse("its " + part + " have another shape");
    std::string name;
    TensorProto &message = constant(name, part);
    write_tensor(message, name, dims, values.data());
    return name;
}

std::string LayerWriter::integers(const std::string &part, const Ints &values) {
    std::string name;
    TensorProto &message = constant(name, part);
    write_tensor(message, name, {static_cast<std::int64_t>(values.size())}, values);
    return name;
}

std::string LayerWriter::tensor(const std::string &part, const Tensor &tensor, const Ints &dims) {
    std::string name;
    TensorProto &message = constant(name, part);
    write_tensor(message, name, tensor, dims);
    return name;
}

std::string LayerWriter::parameter(const std::string &part, std::size_t index) {
    return parameter(part, index, shape_of(*layer_.params.at(index)));
}

std::string LayerWriter::parameter(const std::string &part, std::size_t index, const Ints &dims) {
    return graph_.parameter(layer_, index, layer_.name + "_" + part, dims);
}

std::string LayerWriter::reshaped(const std::string &part, const std::string &value, const Ints &sample) {
    return step(part, "Reshape", {value, integers(part + "_shape", behind_batch(sample, -1))});
}

NodeWriter LayerWriter::reshape_result(const std::string &value, const Ints &sample) {
    return result("Reshape", {value, integers("target_shape", behind_batch(sample, -1))});
}

NodeWriter LayerWriter::result_for_batch(const std::string &value, const Ints &sample) {
    const std::string shape = step("shape", "Concat", {graph_.batch(), integers("sample", sample)}).with("axis", 0);
    return result("Expand", {value, shape});
}

void LayerWriter::refuse(const std::string &why) const {
    invalid(graph_.function(), "layer '", layer_.name, "' cannot be written to ONNX: ", why);
}

}  // namespace eddl::onnx_io
