// A whole net: inputs, layers in order, outputs.
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/recurrent/layer_recurrent.h"
#include "eddl/net/net.h"
#include "serialization/onnx/export/rules.h"
#include "serialization/onnx_io.h"

namespace eddl::onnx_io {

namespace {

// EDDL's own, so that it reads what the engine wrote; every runtime of today still runs it. IR 6 is what came with it.
constexpr int OPERATOR_SET = 11;
constexpr int IR_VERSION = 6;

bool is_input(const Layer &layer) {
    return dynamic_cast<const LInput *>(&layer) != nullptr || dynamic_cast<const LStates *>(&layer) != nullptr;
}

void write_layers(const Net &net, GraphWriter &writer) {
    const Schedule schedule(net);
    for (const Layer *layer : net.layers) {
        if (is_input(*layer)) writer.add_input(*layer, schedule.time_of(*layer));
    }
    for (const Layer *layer : net.layers) {
        if (dynamic_cast<const LInput *>(layer) != nullptr) continue;
        LayerWriter one(writer, schedule, *layer);
        all_rules().write(*layer, one);
    }
    for (const Layer *layer : net.lout) {
        // What works at the encoder's steps is seen at the last one, as in a prediction of one step.
        const bool steps = schedule.time_of(*layer) == Time::decoder;
        writer.add_output(*layer, steps ? Time::decoder : Time::once);
    }
}

}  // namespace

std::string write_net(const std::string &function, const Net &net, bool gradients, int seq_len) {
    // Parameters get their first values when a net is built.
    if (!net.isbuild && !net.onnx_pretrained) invalid(function, "build the net '", net.name, "' first");
    ModelProto model;
    model.set_ir_version(IR_VERSION);
    model.set_producer_name("eddl_prune");
    model.add_opset_import()->set_version(OPERATOR_SET);
    model.mutable_graph()->set_name(net.name);

    GraphWriter writer(*model.mutable_graph(), function, gradients, seq_len);
    write_layers(net, writer);

    std::string bytes;
    if (!model.SerializeToString(&bytes)) failed(function, "the net '", net.name, "' is too large for an ONNX file");
    return bytes;
}

}  // namespace eddl::onnx_io
