// A whole net: inputs, layers in order, outputs.
#include <unordered_set>

#include "eddl/layers/core/layer_core.h"
#include "eddl/net/net.h"
#include "serialization/onnx/export/rules.h"
#include "serialization/onnx_io.h"

namespace eddl::onnx_io {

namespace {

// EDDL's own, so that it reads what the engine wrote; every runtime of today still runs it. IR 6 is what came with it.
constexpr int OPERATOR_SET = 11;
constexpr int IR_VERSION = 6;

Ints dims_of_batches(const Tensor &tensor) {
    Ints dims = to_ints(tensor.shape);
    dims.at(0) = -1;
    return dims;
}

void write_inputs(const Net &net, GraphWriter &writer) {
    for (const Layer *layer : net.layers) {
        if (dynamic_cast<const LInput *>(layer) == nullptr) continue;
        writer.set_value(*layer, writer.unique(layer->name));
        write_value_info(*writer.graph().add_input(), writer.value_of(*layer), dims_of_batches(*layer->output));
    }
}

void write_layers(const Net &net, GraphWriter &writer) {
    for (const Layer *layer : net.layers) {
        if (dynamic_cast<const LInput *>(layer) != nullptr) continue;
        LayerWriter one(writer, *layer);
        all_rules().write(*layer, one);
    }
}

void write_outputs(const Net &net, GraphWriter &writer) {
    std::unordered_set<std::string> taken;
    for (const ValueInfoProto &input : writer.graph().input()) taken.insert(input.name());
    for (const Layer *layer : net.lout) {
        std::string value = writer.value_of(*layer);
        // An input that is an output too, or an output given twice, needs a name of its own.
        if (!taken.insert(value).second) value = writer.node("Identity", {value}, writer.unique(value + "_output"));
        write_value_info(*writer.graph().add_output(), value, dims_of_batches(*layer->output));
    }
}

}  // namespace

std::string write_net(const std::string &function, const Net &net, bool gradients, int) {
    // Parameters get their first values when a net is built.
    if (!net.isbuild && !net.onnx_pretrained) invalid(function, "build the net '", net.name, "' first");
    ModelProto model;
    model.set_ir_version(IR_VERSION);
    model.set_producer_name("eddl_prune");
    model.add_opset_import()->set_version(OPERATOR_SET);
    model.mutable_graph()->set_name(net.name);

    GraphWriter writer(*model.mutable_graph(), function, gradients);
    write_inputs(net, writer);
    write_layers(net, writer);
    write_outputs(net, writer);

    std::string bytes;
    if (!model.SerializeToString(&bytes)) failed(function, "the net '", net.name, "' is too large for an ONNX file");
    return bytes;
}

}  // namespace eddl::onnx_io
