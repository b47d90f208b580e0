// Normalisations.
#include "eddl/layers/normalization/layer_normalization.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

void write_batchnorm(const LBatchNorm &layer, LayerWriter &writer) {
    const std::size_t channels = layer.mean->size;
    const Ints dims{static_cast<std::int64_t>(channels)};
    std::vector<std::string> operands{writer.input()};
    std::size_t next = 0;
    if (layer.affine) {
        operands.push_back(writer.parameter("scale", next++));
        operands.push_back(writer.parameter("bias", next++));
    } else {
        operands.push_back(writer.numbers("scale", dims, Floats(channels, 1.0f)));
        operands.push_back(writer.numbers("bias", dims, Floats(channels, 0.0f)));
    }
    operands.push_back(writer.parameter("mean", next++));
    operands.push_back(writer.parameter("variance", next++));
    writer.result("BatchNormalization", operands).with("epsilon", layer.epsilon).with("momentum", layer.momentum);
}

NodeWriter reduced(LayerWriter &writer, const std::string &part, const std::string &op, const std::string &value,
                   const Ints &axes) {
    return writer.step(part, op, {value}).with("axes", axes).with("keepdims", 1);
}

// The operands of the division that brings a value to mean 0 and variance 1 over the axes.
std::vector<std::string> standardised(LayerWriter &writer, const std::string &value, const Ints &axes, float epsilon) {
    const std::string mean = reduced(writer, "mean", "ReduceMean", value, axes);
    const std::string centred = writer.step("centred", "Sub", {value, mean});
    const std::string squares = writer.step("squares", "Mul", {centred, centred});
    const std::string variance = reduced(writer, "variance", "ReduceMean", squares, axes);
    const std::string above_zero = writer.step("above_zero", "Add", {variance, writer.number("epsilon", epsilon)});
    return {centred, writer.step("deviation", "Sqrt", {above_zero})};
}

// Standardised over the axes of `value`, scaled and shifted by parameters of these dimensions.
std::string affine(LayerWriter &writer, const std::string &value, const Ints &axes, float epsilon, const Ints &dims) {
    const std::string standard = writer.step("standard", "Div", standardised(writer, value, axes, epsilon));
    const std::string scaled = writer.step("scaled", "Mul", {standard, writer.parameter("scale", 0, dims)});
    return writer.step("shifted", "Add", {scaled, writer.parameter("bias", 1, dims)});
}

Ints all_axes(const Layer &layer) {
    Ints axes;
    for (unsigned int axis = 1; axis < layer.input->ndim; ++axis) axes.push_back(axis);
    return axes;
}

void write_norm(const LNorm &layer, LayerWriter &writer) {
    writer.result("Div", standardised(writer, writer.input(), all_axes(layer), layer.epsilon));
}

void write_layernorm(const LLayerNorm &layer, LayerWriter &writer) {
    const std::string x = writer.input();
    if (!layer.affine) {
        writer.result("Div", standardised(writer, x, all_axes(layer), layer.epsilon));
        return;
    }
    writer.result("Identity", {affine(writer, x, all_axes(layer), layer.epsilon, sample_of(*layer.input))});
}

// The groups side by side: [batch, groups, channels of a group, all else].
void write_groupnorm(const LGroupNorm &layer, LayerWriter &writer) {
    const Ints sample = sample_of(*layer.output);
    const std::int64_t channels = sample.at(0) / layer.groups;
    const std::int64_t rest = count(sample, layer.name) / sample[0];
    const std::string grouped = writer.reshaped("grouped", writer.input(), {layer.groups, channels, rest});
    const Ints axes{2, 3};
    const std::string normalised =
        layer.affine ? affine(writer, grouped, axes, layer.epsilon, {channels, 1})
                     : std::string(writer.step("standard", "Div", standardised(writer, grouped, axes, layer.epsilon)));
    writer.reshape_result(normalised, sample);
}

void write_normmax(const LNormMax &layer, LayerWriter &writer) {
    const std::string x = writer.input(), max = reduced(writer, "max", "ReduceMax", x, all_axes(layer));
    writer.result("Div", {x, writer.step("above_zero", "Add", {max, writer.number("epsilon", layer.epsilon)})});
}

void write_normminmax(const LNormMinMax &layer, LayerWriter &writer) {
    const std::string x = writer.input();
    const std::string min = reduced(writer, "min", "ReduceMin", x, all_axes(layer));
    const std::string max = reduced(writer, "max", "ReduceMax", x, all_axes(layer));
    const std::string range = writer.step("range", "Sub", {max, min});
    const std::string above_zero = writer.step("above_zero", "Add", {range, writer.number("epsilon", layer.epsilon)});
    writer.result("Div", {writer.step("above_min", "Sub", {x, min}), above_zero});
}

}  // namespace

void add_normalization_rules(Rules &rules) {
    rules.add<LBatchNorm>(write_batchnorm);
    rules.add<LLayerNorm>(write_layernorm);
    rules.add<LGroupNorm>(write_groupnorm);
    rules.add<LNorm>(write_norm);
    rules.add<LNormMax>(write_normmax);
    rules.add<LNormMinMax>(write_normminmax);
}

}  // namespace eddl::onnx_io
