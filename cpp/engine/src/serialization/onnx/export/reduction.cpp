// Reductions. With keepdims EDDL spreads the results over the input's shape again; ONNX leaves dimensions of 1.
#include <algorithm>

#include "eddl/layers/reductions/layer_reductions.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

Ints axes_of(const ReductionLayer &layer) {
    Ints axes;
    for (const int axis : layer.axis) axes.push_back(axis + 1);
    std::sort(axes.begin(), axes.end());
    return axes;
}

// A value of the input's rank, 1 along the axes, as the layer's output.
void spread(const ReductionLayer &layer, LayerWriter &writer, const std::string &value) {
    Ints shape = sample_of(*layer.output);
    shape.insert(shape.begin(), 1);
    writer.result("Expand", {value, writer.integers("shape", shape)});
}

void write_reduction(const ReductionLayer &layer, LayerWriter &writer, const char *op, const std::string &value) {
    const Ints axes = axes_of(layer);
    if (layer.keepdims) {
        spread(layer, writer, writer.step("reduced", op, {value}).with("axes", axes).with("keepdims", 1));
    } else if (axes.size() + 1 == layer.input->ndim) {
        // All of a sample: the engine leaves a dimension of 1.
        writer.reshape_result(writer.step("reduced", op, {value}).with("axes", axes).with("keepdims", 0),
                              sample_of(*layer.output));
    } else {
        writer.result(op, {value}).with("axes", axes).with("keepdims", 0);
    }
}

void write_plain(const ReductionLayer &layer, LayerWriter &writer, const char *op) {
    write_reduction(layer, writer, op, writer.input());
}

void write_mean(const LRMean &layer, LayerWriter &writer) { write_plain(layer, writer, "ReduceMean"); }
void write_sum(const LRSum &layer, LayerWriter &writer) { write_plain(layer, writer, "ReduceSum"); }
void write_max(const LRMax &layer, LayerWriter &writer) { write_plain(layer, writer, "ReduceMax"); }
void write_min(const LRMin &layer, LayerWriter &writer) { write_plain(layer, writer, "ReduceMin"); }

void write_variance(const LRVar &layer, LayerWriter &writer) {
    const std::string x = writer.input();
    const std::string mean = writer.step("mean", "ReduceMean", {x}).with("axes", axes_of(layer)).with("keepdims", 1);
    const std::string centred = writer.step("centred", "Sub", {x, mean});
    write_reduction(layer, writer, "ReduceMean", writer.step("squares", "Mul", {centred, centred}));
}

// The place within several axes: they are moved behind the others and laid out as one.
void write_argmax(const LRArgmax &layer, LayerWriter &writer) {
    const Ints axes = axes_of(layer), sample = sample_of(*layer.input);
    Ints order{0}, kept, kept_as_one = sample;
    for (std::int64_t axis = 1; axis <= static_cast<std::int64_t>(sample.size()); ++axis) {
        if (std::find(axes.begin(), axes.end(), axis) != axes.end()) {
            kept_as_one[static_cast<std::size_t>(axis) - 1] = 1;
        } else {
            order.push_back(axis);
            kept.push_back(sample[static_cast<std::size_t>(axis) - 1]);
        }
    }
    order.insert(order.end(), axes.begin(), axes.end());
    Ints rows = kept;
    rows.push_back(count(sample, layer.name) / count(kept, layer.name));
    const std::string moved = writer.step("moved", "Transpose", {writer.input()}).with("perm", order);
    const std::string place = writer.step("place", "ArgMax", {writer.reshaped("rows", moved, rows)})
                                  .with("axis", rows.size())
                                  .with("keepdims", 0);
    const std::string number = writer.step("number", "Cast", {place}).with("to", TensorProto::FLOAT);
    if (layer.keepdims) spread(layer, writer, writer.reshaped("kept", number, kept_as_one));
    else writer.reshape_result(number, sample_of(*layer.output));
}

}  // namespace

void add_reduction_rules(Rules &rules) {
    rules.add<LRMean>(write_mean);
    rules.add<LRSum>(write_sum);
    rules.add<LRMax>(write_max);
    rules.add<LRMin>(write_min);
    rules.add<LRVar>(write_variance);
    rules.add<LRArgmax>(write_argmax);
}

}  // namespace eddl::onnx_io
