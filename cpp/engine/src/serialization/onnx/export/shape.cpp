// Layers that change the shape, or move, cut, pad, repeat and join elements.
#include <algorithm>

#include "eddl/layers/auxiliar/layer_auxiliar.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/da/layer_da.h"
#include "eddl/layers/merge/layer_merge.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

void write_reshape(const LReshape &layer, LayerWriter &writer) {
    writer.reshape_result(writer.input(), sample_of(*layer.output));
}

void write_squeeze(const LSqueeze &layer, LayerWriter &writer) {
    const std::vector<int> &shape = layer.input->shape;
    Ints axes;
    for (std::size_t i = 1; i < shape.size(); ++i) {
        if (shape[i] == 1 && (layer.axis == -1 || layer.axis + 1 == static_cast<int>(i))) axes.push_back(i);
    }
    // No more than one dimension of the sample is left: the engine keeps it.
    if (shape.size() - axes.size() != layer.output->ndim) {
        writer.reshape_result(writer.input(), sample_of(*layer.output));
    } else if (axes.empty()) {
        writer.result("Identity", {writer.input()});
    } else {
        writer.result("Squeeze", {writer.input()}).with("axes", axes);
    }
}

void write_unsqueeze(const LUnsqueeze &layer, LayerWriter &writer) {
    writer.result("Unsqueeze", {writer.input()}).with("axes", Ints{layer.axis + 1});
}

void write_permute(const LPermute &layer, LayerWriter &writer) {
    Ints permutation{0};
    for (const int axis : layer.sd->dims) permutation.push_back(axis + 1);
    writer.result("Transpose", {writer.input()}).with("perm", permutation);
}

void write_select(const LSelect &layer, LayerWriter &writer) {
    Ints starts, ends, axes;
    for (const std::vector<int> &range : layer.sd->idxs_range) {
        starts.push_back(range.at(0));
        ends.push_back(range.at(1) + 1);
        axes.push_back(static_cast<std::int64_t>(axes.size()) + 1);
    }
    const std::string from = writer.integers("starts", starts), to = writer.integers("ends", ends);
    writer.result("Slice", {writer.input(), from, to, writer.integers("axes", axes)});
}

void write_pad(const LPad &layer, LayerWriter &writer) {
    const int top = layer.padding.at(0), right = layer.padding.at(1);
    const int bottom = layer.padding.at(2), left = layer.padding.at(3);
    const std::string pads = writer.integers("pads", {0, 0, top, left, 0, 0, bottom, right});
    const std::string constant = writer.numbers("constant_value", {1}, {layer.constant});
    writer.result("Pad", {writer.input(), pads, constant}).with("mode", std::string("constant"));
}

// Index j of the axis, repeats[j] times.
void write_repeat(const LRepeat &layer, LayerWriter &writer) {
    Ints indexes;
    for (std::size_t i = 0; i < layer.rd->vrepeats.size(); ++i) indexes.insert(indexes.end(), layer.rd->vrepeats[i], i);
    writer.result("Gather", {writer.input(), writer.integers("indexes", indexes)}).with("axis", layer.rd->axis);
}

void write_tile(const LTile &layer, LayerWriter &writer) {
    writer.result("Tile", {writer.input(), writer.integers("repeats", to_ints(layer.td->vrepeats))});
}

// The parent's sample, seen in another shape, then repeated.
void write_broadcast(const LBroadcast &layer, LayerWriter &writer) {
    const std::string seen = writer.reshaped("seen", writer.input(), to_ints(layer.td->ishape));
    Ints repeats = to_ints(layer.td->vrepeats);
    repeats.insert(repeats.begin(), 1);
    writer.result("Tile", {seen, writer.integers("repeats", repeats)});
}

void write_expand(const LExpand &layer, LayerWriter &writer) {
    Ints shape = sample_of(*layer.output);
    shape.insert(shape.begin(), 1);
    writer.result("Expand", {writer.input(), writer.integers("shape", shape)});
}

void write_concat(const LConcat &layer, LayerWriter &writer) {
    // The last axis is -1 counted as unsigned; a vector's only axis may be named by 1 too.
    const std::size_t last = layer.output->ndim - 1;
    const std::size_t axis = layer.axis >= last ? last : layer.axis + 1;
    writer.result("Concat", writer.inputs()).with("axis", axis);
}

}  // namespace

void add_shape_rules(Rules &rules) {
    rules.add<LReshape>(write_reshape);
    rules.add<LSqueeze>(write_squeeze);
    rules.add<LUnsqueeze>(write_unsqueeze);
    rules.add<LPermute>(write_permute);
    rules.add<LSelect>(write_select);
    rules.add<LPad>(write_pad);
    rules.add<LConcat>(write_concat);
    rules.add<LRepeat>(write_repeat);
    rules.add<LTile>(write_tile);
    rules.add<LBroadcast>(write_broadcast);
    rules.add<LExpand>(write_expand);
}

}  // namespace eddl::onnx_io
