// Recurrent layers. ONNX wants the weights of all gates in one matrix, transposed, in an order of its own.
#include <iostream>

#include "eddl/layers/recurrent/layer_recurrent.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

// Appends the transpose of params[index].
void append_transposed(Floats &all, const LayerWriter &writer, std::size_t index) {
    const Tensor &weights = writer.parameter_values(index);
    const int rows = weights.shape.at(0), columns = weights.shape.at(1);
    for (int column = 0; column < columns; ++column) {
        for (int row = 0; row < rows; ++row) all.push_back(weights.ptr[row * columns + column]);
    }
}

void append(Floats &all, const LayerWriter &writer, std::size_t index) {
    const Tensor &values = writer.parameter_values(index);
    all.insert(all.end(), values.ptr, values.ptr + values.size);
}

// The weights of the gates whose first one is params[first], in ONNX' order.
std::string write_weights(LayerWriter &writer, const std::string &part, std::size_t first,
                          const std::vector<std::size_t> &order, std::int64_t units) {
    Floats all;
    for (const std::size_t gate : order) append_transposed(all, writer, first + gate);
    const auto rows = static_cast<std::int64_t>(order.size()) * units;
    return writer.numbers(part, {1, rows, static_cast<std::int64_t>(all.size()) / rows}, all);
}

// The node, given its operands up to the biases, of which there may be none; its states begin with those of the second
// parent.
NodeWriter write_node(const StateLayer &layer, LayerWriter &writer, const char *op, std::vector<std::string> operands,
                      int units) {
    GraphWriter &graph = writer.graph();
    if (const Layer *before = writer.initial_states()) {
        if (writer.time() != Time::decoder && graph.has_steps(*before)) {
            writer.refuse("it goes on from layer '" + before->name + "' at the same steps");
        }
        operands.resize(5);  // without biases and sequences' lengths
        const auto first = graph.states_of(*before).begin();
        operands.insert(operands.end(), first, first + static_cast<std::ptrdiff_t>(layer.states.size()));
    }
    NodeWriter node = graph.node(op, operands, writer.part_name("Y"));
    node.named(layer.name).with("direction", std::string("forward")).with("hidden_size", units);
    std::vector<std::string> states{node.also(writer.part_name("Y_h"))};
    if (layer.states.size() > 1) states.push_back(node.also(writer.part_name("Y_c")));
    graph.set_states(layer, states);

    // The layer's output: all steps where layers take those, else the last one.
    const bool all_steps = writer.feeds_steps();
    const std::string value = graph.unique(layer.name);
    NodeWriter output = graph.node("Squeeze", {all_steps ? node : states[0]}, value);
    output.named(layer.name + "_outputSqueeze").with("axes", Ints{all_steps ? 1 : 0});
    if (writer.time() == Time::once) graph.set_flat(layer, Time::once, value);
    else graph.set_sequence(layer, writer.time(), all_steps ? value : "", all_steps ? "" : value);
    return node;
}

void write_gated(const GatedLayer &layer, LayerWriter &writer, const char *op, const std::vector<std::size_t> &order,
                 bool own_state_bias) {
    if (layer.mask_zeros) {
        std::cerr << "Warning: layer '" << layer.name << "' masks zeros, which ONNX cannot express; written without\n";
    }
    const std::size_t gates = order.size();
    Floats biases;
    for (const std::size_t gate : order) append(biases, writer, 2 * gates + gate);
    const auto units = static_cast<std::size_t>(layer.units);
    biases.resize(2 * gates * units, 0.0f);
    if (own_state_bias) {  // of the last gate
        biases.resize((2 * gates - 1) * units);
        append(biases, writer, 3 * gates);
    }
    const auto width = static_cast<std::int64_t>(biases.size());
    NodeWriter node = write_node(layer, writer, op,
                                 {writer.input_steps(), write_weights(writer, "W", 0, order, layer.units),
                                  write_weights(writer, "R", gates, order, layer.units),
                                  writer.numbers("B", {1, width}, biases)},
                                 layer.units);
    if (own_state_bias) node.with("linear_before_reset", 1);
}

// From input, forget, output, candidate to input, output, forget, candidate.
void write_lstm(const LLSTM &layer, LayerWriter &writer) { write_gated(layer, writer, "LSTM", {0, 2, 1, 3}, false); }
void write_gru(const LGRU &layer, LayerWriter &writer) { write_gated(layer, writer, "GRU", {0, 1, 2}, true); }

void write_rnn(const LRNN &layer, LayerWriter &writer) {
    std::vector<std::string> operands{writer.input_steps(), write_weights(writer, "W", 0, {0}, layer.units),
                                      write_weights(writer, "R", 1, {0}, layer.units)};
    if (layer.use_bias) {
        Floats biases;
        append(biases, writer, 2);
        biases.resize(2 * static_cast<std::size_t>(layer.units), 0.0f);
        operands.push_back(writer.numbers("B", {1, 2 * layer.units}, biases));
    }
    NodeWriter node = write_node(layer, writer, "RNN", operands, layer.units);
    const auto activation = [&](const char *name) { node.with("activations", std::vector<std::string>{name}); };
    const auto numbers = [&](float alpha, float beta) {
        node.with("activation_alpha", Floats{alpha}).with("activation_beta", Floats{beta});
    };
    if (layer.activation == "relu") {
        activation("Relu");
    } else if (layer.activation == "sigmoid") {
        activation("Sigmoid");
    } else if (layer.activation == "tanh") {
        activation("Tanh");
    } else if (layer.activation == "hard_sigmoid") {
        activation("HardSigmoid");
        numbers(0.2f, 0.5f);
    } else {
        activation("Affine");
        numbers(1.0f, 0.0f);
    }
}

// Nothing is computed: who goes on from here goes on from where the parent's states are.
void write_copied_states(const LCopyStates &layer, LayerWriter &writer) {
    writer.graph().set_states(layer, writer.graph().states_of(*layer.parent.at(0)));
    writer.result("Identity", {writer.input()});
}

// An input [batch, states, units], taken apart.
void write_states(const LStates &layer, LayerWriter &writer) {
    const std::string all = writer.step("first", "Transpose", {writer.graph().flat(layer, Time::once)})
                                .with("perm", Ints{1, 0, 2});
    std::vector<std::string> states;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(layer.states.size()); ++i) {
        const std::string begin = writer.integers("begin", {i}), end = writer.integers("end", {i + 1});
        states.push_back(writer.step("state", "Slice", {all, begin, end}));
    }
    writer.graph().set_states(layer, states);
}

}  // namespace

void add_recurrent_rules(Rules &rules) {
    rules.add<LRNN>(write_rnn);
    rules.add<LLSTM>(write_lstm);
    rules.add<LGRU>(write_gru);
    rules.add<LCopyStates>(write_copied_states);
    rules.add<LStates>(write_states);
}

}  // namespace eddl::onnx_io
