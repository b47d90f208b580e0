// LSTM, GRU and RNN. A layer is one time step; the net is unrolled over time when it has its data.
#include <algorithm>

#include "apis/make.h"
#include "eddl/layers/recurrent/layer_recurrent.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

// The gates of a kind of layer: for each of the layer's, in the order of its parameters, its place in ONNX' weights.
struct Kind {
    std::vector<std::size_t> gates;
    std::vector<std::string> activations;  // that the layer has
};

struct Weights {
    std::int64_t units = 0, inputs = 0;
    Floats input, state, bias;  // [gates · units, inputs], [gates · units, units], [2 · gates · units]
};

void expect_sequence(const Node& node, const Value& x) {
    if (x.lead != "sb" || x.sample.size() != 1) {
        refuse(node, "expected steps, batch and one more axis, received '", x.lead, "' in front of a sample of shape ",
               x.sample);
    }
}

void expect_plain(const Node& node, const Kind& kind) {
    const std::string direction = node.text("direction", "forward");
    if (direction != "forward") refuse(node, "direction '", direction, "' is not covered: layers go forward");
    if (node.integer("layout", 0) != 0) refuse(node, "layout 1 is not covered");
    if (node.integer("input_forget", 0) != 0) refuse(node, "input_forget is not covered");
    if (node.number("clip", 0.0f) != 0.0f) refuse(node, "clip is not covered");
    const auto activations = get_strings(*node.message, "activations", kind.activations);
    for (std::size_t i = 0; i < activations.size(); ++i)
        if (i >= kind.activations.size() || activations[i] != kind.activations[i])
            refuse(node, "activations ", activations, " are not covered");
}

// States that it begins with: zeros only.
void expect_zero(Translation& t, const Node& node, std::size_t i, const char* what) {
    if (!node.has_input(i)) return;
    float number = 0.0f;
    const bool is_zero = is_uniform(t.constant(node, i, what), number) && number == 0.0f;
    if (!is_zero) refuse(node, "expected zeros as ", what, ": nets begin with them");
}

Weights read_weights(Translation& t, const Node& node, const Value& x, std::size_t gates) {
    const Constant &input = t.constant(node, 1, "weights"), &state = t.constant(node, 2, "recurrence weights");
    Weights w;
    w.inputs = x.sample[0];
    w.units = node.integer("hidden_size", state.dims.empty() ? 0 : state.dims.back());
    const std::int64_t rows = static_cast<std::int64_t>(gates) * as_int(node, "hidden_size", w.units, 1, 1 << 24);
    if (input.dims != Ints{1, rows, w.inputs} || state.dims != Ints{1, rows, w.units}) {
        refuse(node, "weights of shape ", input.dims, " and ", state.dims, " do not fit ", w.units, " units and ",
               w.inputs, " inputs");
    }
    w.input = input.floats();
    w.state = state.floats();
    w.bias.assign(static_cast<std::size_t>(2 * rows), 0.0f);
    if (node.has_input(3)) w.bias = t.constant(node, 3, "bias").floats();
    if (static_cast<std::int64_t>(w.bias.size()) != 2 * rows)
        refuse(node, "expected ", 2 * rows, " numbers as bias, received ", w.bias.size());
    return w;
}

// One gate's rows, [units, columns], turned to [columns, units].
Floats turned(const Floats& all, std::size_t gate, std::int64_t units, std::int64_t columns) {
    Floats result(static_cast<std::size_t>(units * columns));
    const float* rows = all.data() + gate * result.size();
    for (std::int64_t u = 0; u < units; ++u)
        for (std::int64_t c = 0; c < columns; ++c)
            result[static_cast<std::size_t>(c * units + u)] = rows[u * columns + c];
    return result;
}

// Of one gate: the bias of the input's part and that of the state's, or their sum.
Floats gate_bias(const Weights& w, std::size_t gate, bool of_input, bool of_state) {
    const auto units = static_cast<std::size_t>(w.units), half = w.bias.size() / 2;
    Floats result(units, 0.0f);
    for (std::size_t u = 0; u < units; ++u) {
        if (of_input) result[u] += w.bias[gate * units + u];
        if (of_state) result[u] += w.bias[half + gate * units + u];
    }
    return result;
}

void fill_gates(const Node& node, Layer& layer, const Kind& kind, const Weights& w) {
    std::size_t next = 0;
    for (const std::size_t gate : kind.gates)
        fill(node, *layer.params.at(next++), turned(w.input, gate, w.units, w.inputs));
    for (const std::size_t gate : kind.gates)
        fill(node, *layer.params.at(next++), turned(w.state, gate, w.units, w.units));
}

// The sequence of outputs [steps, 1, batch, units], then the last of them [1, batch, units]. That is the same layer:
// which steps are computed is up to those that read it.
Values outputs_of(const Value& layer) {
    Value all = layer, last = layer;
    all.lead = "sdb";
    last.lead = "db";
    return {all, last};
}

Values lstm(Translation& t, const Node& node) {
    const Kind kind{{0, 2, 1, 3}, {"Sigmoid", "Tanh", "Tanh"}};
    const Value& x = t.layer(node, 0);
    expect_sequence(node, x);
    expect_plain(node, kind);
    expect_zero(t, node, 5, "initial_h");
    expect_zero(t, node, 6, "initial_c");
    expect_zero(t, node, 7, "peephole weights");
    if (node.has_input(4)) refuse(node, "sequence_lens are not covered");
    const Weights w = read_weights(t, node, x, 4);
    const Value made = t.add(node, {w.units}, "", [&](const std::string& name) {
        return make<LLSTM>(vlayer{x.layer}, static_cast<int>(w.units), false, false, name);
    });
    fill_gates(node, *made.layer, kind, w);
    for (std::size_t i = 0; i < 4; ++i)
        fill(node, *made.layer->params.at(8 + i), gate_bias(w, kind.gates[i], true, true));
    return outputs_of(made);
}

Values gru(Translation& t, const Node& node) {
    const Kind kind{{0, 1, 2}, {"Sigmoid", "Tanh"}};
    const Value& x = t.layer(node, 0);
    expect_sequence(node, x);
    expect_plain(node, kind);
    expect_zero(t, node, 5, "initial_h");
    if (node.has_input(4)) refuse(node, "sequence_lens are not covered");
    if (!node.flag("linear_before_reset", false))
        refuse(node, "only linear_before_reset = 1 is covered: layers reset what the state's weights gave");
    const Weights w = read_weights(t, node, x, 3);
    const Value made = t.add(node, {w.units}, "", [&](const std::string& name) {
        return make<LGRU>(vlayer{x.layer}, static_cast<int>(w.units), false, false, name);
    });
    fill_gates(node, *made.layer, kind, w);
    fill(node, *made.layer->params.at(6), gate_bias(w, 0, true, true));
    fill(node, *made.layer->params.at(7), gate_bias(w, 1, true, true));
    fill(node, *made.layer->params.at(8), gate_bias(w, 2, true, false));
    fill(node, *made.layer->params.at(9), gate_bias(w, 2, false, true));
    return outputs_of(made);
}

// ONNX' names of activations, and the layer's.
std::string activation_of(const Node& node) {
    constexpr const char* NAMES[][2] = {
        {"Tanh", "tanh"}, {"Relu", "relu"}, {"Sigmoid", "sigmoid"}, {"Softplus", "softplus"}, {"Softsign", "softsign"}};
    const auto given = get_strings(*node.message, "activations", {"Tanh"});
    for (const auto& name : NAMES)
        if (given.size() == 1 && given[0] == name[0]) return name[1];
    refuse(node, "activations ", given, " are not covered");
}

Values rnn(Translation& t, const Node& node) {
    const std::string activation = activation_of(node);
    const Kind kind{{0}, get_strings(*node.message, "activations", {"Tanh"})};
    const Value& x = t.layer(node, 0);
    expect_sequence(node, x);
    expect_plain(node, kind);
    expect_zero(t, node, 5, "initial_h");
    if (node.has_input(4)) refuse(node, "sequence_lens are not covered");
    const Weights w = read_weights(t, node, x, 1);
    const Value made = t.add(node, {w.units}, "", [&](const std::string& name) {
        return make<LRNN>(vlayer{x.layer}, static_cast<int>(w.units), activation, true, false, name);
    });
    fill_gates(node, *made.layer, kind, w);
    fill(node, *made.layer->params.at(2), gate_bias(w, 0, true, true));
    return outputs_of(made);
}

}  // namespace

Operators recurrent_operators() {
    return {{"LSTM", lstm, Steps::OWN}, {"GRU", gru, Steps::OWN}, {"RNN", rnn, Steps::OWN}};
}

}  // namespace eddl::onnx_io
