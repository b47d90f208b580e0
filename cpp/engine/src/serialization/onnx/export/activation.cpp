// Activations. Softmax before ONNX' version 13 takes all axes from one on as one, so other axes than the last are moved
// there.
#include <numeric>
#include <unordered_map>

#include "eddl/layers/core/layer_core.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

struct Counterpart {
    const char *op;
    std::vector<const char *> attributes = {};  // one for each of the layer's own parameters
};

const std::unordered_map<std::string, Counterpart> &counterparts() {
    static const std::unordered_map<std::string, Counterpart> table{
        {"relu", {"Relu"}}, {"sigmoid", {"Sigmoid"}}, {"tanh", {"Tanh"}}, {"exp", {"Exp"}}, {"softplus", {"Softplus"}},
        {"softsign", {"Softsign"}}, {"elu", {"Elu", {"alpha"}}}, {"selu", {"Selu", {"alpha", "gamma"}}},
        {"leaky_relu", {"LeakyRelu", {"alpha"}}}, {"thresholded_relu", {"ThresholdedRelu", {"alpha"}}}};
    return table;
}

void write_softmax(const LActivation &layer, LayerWriter &writer) {
    const std::size_t last = layer.output->ndim - 1;
    const std::size_t axis = layer.act == "softmax" ? static_cast<std::size_t>(layer.params.at(0)) : 1;
    if (axis == last) {
        writer.result("Softmax", {writer.input()}).with("axis", last);
        return;
    }
    Ints swap(last + 1);
    std::iota(swap.begin(), swap.end(), 0);
    std::swap(swap[axis], swap[last]);
    const std::string moved = writer.step("moved", "Transpose", {writer.input()}).with("perm", swap);
    const std::string softmax = writer.step("softmax", "Softmax", {moved}).with("axis", last);
    writer.result("Transpose", {softmax}).with("perm", swap);
}

void write_activation(const LActivation &layer, LayerWriter &writer) {
    const auto found = counterparts().find(layer.act);
    if (found != counterparts().end()) {
        NodeWriter node = writer.result(found->second.op, {writer.input()});
        for (std::size_t i = 0; i < found->second.attributes.size(); ++i) {
            node.with(found->second.attributes[i], layer.params.at(i));
        }
    } else if (layer.act == "hard_sigmoid") {
        writer.result("HardSigmoid", {writer.input()}).with("alpha", 0.2f).with("beta", 0.5f);
    } else if (layer.act == "linear") {
        if (layer.params.at(0) == 1.0f) writer.result("Identity", {writer.input()});
        else writer.result("Mul", {writer.input(), writer.number("alpha", layer.params[0])});
    } else if (layer.act == "softmax" || layer.act == "softmax_deprecated") {
        write_softmax(layer, writer);
    } else {
        writer.refuse("activation '" + layer.act + "' has no ONNX form");
    }
}

}  // namespace

void add_activation_rules(Rules &rules) { rules.add<LActivation>(write_activation); }

}  // namespace eddl::onnx_io
