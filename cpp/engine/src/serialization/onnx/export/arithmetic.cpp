// Merge layers and operators: layers with layers, and with numbers.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "eddl/layers/auxiliar/layer_auxiliar.h"
#include "eddl/layers/channel_sum.h"
#include "eddl/layers/merge/layer_merge.h"
#include "eddl/layers/operators/layer_operators.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

// A binary operator from left to right over all parents.
void write_chain(LayerWriter &writer, const char *op) {
    const std::vector<std::string> inputs = writer.inputs();
    std::string value = inputs.at(0);
    if (inputs.size() == 1) {
        writer.result("Identity", {value});
        return;
    }
    for (std::size_t i = 1; i + 1 < inputs.size(); ++i) value = writer.step("partial", op, {value, inputs[i]});
    writer.result(op, {value, inputs.back()});
}

void write_add(const LAdd &, LayerWriter &writer) { write_chain(writer, "Add"); }
void write_subtract(const LSubtract &, LayerWriter &writer) { write_chain(writer, "Sub"); }
void write_average(const LAverage &, LayerWriter &writer) { writer.result("Mean", writer.inputs()); }
void write_maximum(const LMaximum &, LayerWriter &writer) { writer.result("Max", writer.inputs()); }
void write_minimum(const LMinimum &, LayerWriter &writer) { writer.result("Min", writer.inputs()); }

// An operator on a value and a constant.
struct Step {
    const char *part, *op;
    std::string constant;
};

// What brings an operand to the channels of the sum: times its factor, gathered from its own and, for those that it
// lacks, one of zeros behind them.
std::vector<Step> operand_steps(LayerWriter &writer, const Tensor &values, const LChannelSum::Operand &operand) {
    const std::int64_t channels = values.shape[1];
    Ints indices, all(static_cast<std::size_t>(channels));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    for (const std::ptrdiff_t source : operand.source) indices.push_back(source < 0 ? channels : source);
    std::vector<Step> steps;
    if (operand.factor != 1.0f) steps.push_back({"scaled", "Mul", writer.number("factor", operand.factor)});
    if (std::find(indices.begin(), indices.end(), channels) != indices.end()) {
        Ints pads(2 * values.shape.size(), 0);
        pads[values.shape.size() + 1] = 1;
        steps.push_back({"padded", "Pad", writer.integers("pads", pads)});
    }
    if (indices != all) steps.push_back({"spread", "Gather", writer.integers("channels", indices)});
    return steps;
}

// The operand, spread; as the layer's result if it is all that there is.
std::string write_operand(const LChannelSum &layer, LayerWriter &writer, std::size_t k, bool is_all) {
    std::string value = writer.input(k);
    const std::vector<Step> steps = operand_steps(writer, *layer.parent[k]->output, layer.form().operands[k]);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto &[part, op, constant] = steps[i];
        const std::vector<std::string> inputs{value, constant};
        const bool is_last = is_all && i + 1 == steps.size();
        NodeWriter node = is_last ? writer.result(op, inputs) : writer.step(part, op, inputs);
        if (op == std::string("Gather")) node.with("axis", 1);
        value = node;
    }
    if (is_all && steps.empty()) value = writer.result("Identity", {value});
    return value;
}

void write_channel_sum(const LChannelSum &layer, LayerWriter &writer) {
    const std::vector<LChannelSum::Operand> &operands = layer.form().operands;
    std::vector<std::size_t> adding;
    for (std::size_t k = 0; k < operands.size(); ++k) {
        const std::vector<std::ptrdiff_t> &source = operands[k].source;
        if (std::any_of(source.begin(), source.end(), [](std::ptrdiff_t s) { return s >= 0; })) adding.push_back(k);
    }
    if (adding.empty()) adding.push_back(0);  // for a term with a batch
    const bool is_all = adding.size() == 1 && layer.params.empty();
    std::vector<std::string> terms;
    for (const std::size_t k : adding) terms.push_back(write_operand(layer, writer, k, is_all));
    if (is_all) return;
    if (!layer.params.empty()) {
        Ints dims(layer.output->shape.size(), 1);
        dims[1] = layer.output->shape[1];
        terms.push_back(writer.numbers("constants", dims, layer.spread(writer.parameter_values(0))));
    }
    writer.result("Sum", terms);
}

// Of two vectors ONNX would make a number without dimensions.
void write_matmul(const LMatMul &layer, LayerWriter &writer) {
    if (layer.input->ndim > 2) return write_chain(writer, "MatMul");
    const std::string products = writer.step("products", "Mul", writer.inputs());
    writer.result("ReduceSum", {products}).with("axes", Ints{1}).with("keepdims", 1);
}

void write_where(const LWhere &, LayerWriter &writer) {
    const std::string chosen = writer.step("chosen", "Cast", {writer.input(2)}).with("to", TensorProto::BOOL);
    writer.result("Where", {chosen, writer.input(0), writer.input(1)});
}

void write_abs(const LAbs &, LayerWriter &writer) { writer.result("Abs", {writer.input()}); }
void write_exp(const LExp &, LayerWriter &writer) { writer.result("Exp", {writer.input()}); }
void write_log(const LLog &, LayerWriter &writer) { writer.result("Log", {writer.input()}); }
void write_sqrt(const LSqrt &, LayerWriter &writer) { writer.result("Sqrt", {writer.input()}); }

void write_log_to(LayerWriter &writer, double base) {
    const std::string natural = writer.step("log", "Log", {writer.input()});
    writer.result("Mul", {natural, writer.number("factor", static_cast<float>(1.0 / std::log(base)))});
}
void write_log2(const LLog2 &, LayerWriter &writer) { write_log_to(writer, 2.0); }
void write_log10(const LLog10 &, LayerWriter &writer) { write_log_to(writer, 10.0); }

void write_clamp(const LClamp &layer, LayerWriter &writer) {
    const std::string min = writer.number("min", layer.min), max = writer.number("max", layer.max);
    writer.result("Clip", {writer.input(), min, max});
}

void write_pow(const LPow &layer, LayerWriter &writer) {
    writer.result("Pow", {writer.input(), writer.number("exponent", layer.exponent)});
}

// Two layers, or a layer and a number on the side that is not the layer's.
void write_binary(const OperatorLayer &layer, LayerWriter &writer, const char *op, bool layer_first) {
    if (layer.binary) {
        writer.result(op, writer.inputs());
        return;
    }
    const std::string value = writer.number("value", layer.val);
    if (layer_first) writer.result(op, {writer.input(), value});
    else writer.result(op, {value, writer.input()});
}

void write_sum(const LSum &layer, LayerWriter &writer) { write_binary(layer, writer, "Add", true); }
void write_mult(const LMult &layer, LayerWriter &writer) { write_binary(layer, writer, "Mul", true); }
void write_diff(const LDiff &layer, LayerWriter &writer) { write_binary(layer, writer, "Sub", layer.left == 1); }
void write_div(const LDiv &layer, LayerWriter &writer) { write_binary(layer, writer, "Div", layer.left == 1); }

}  // namespace

void add_arithmetic_rules(Rules &rules) {
    rules.add<LAdd>(write_add);
    rules.add<LSubtract>(write_subtract);
    rules.add<LAverage>(write_average);
    rules.add<LChannelSum>(write_channel_sum);
    rules.add<LMaximum>(write_maximum);
    rules.add<LMinimum>(write_minimum);
    rules.add<LMatMul>(write_matmul);
    rules.add<LWhere>(write_where);
    rules.add<LAbs>(write_abs);
    rules.add<LExp>(write_exp);
    rules.add<LLog>(write_log);
    rules.add<LLog2>(write_log2);
    rules.add<LLog10>(write_log10);
    rules.add<LSqrt>(write_sqrt);
    rules.add<LClamp>(write_clamp);
    rules.add<LPow>(write_pow);
    rules.add<LSum>(write_sum);
    rules.add<LMult>(write_mult);
    rules.add<LDiff>(write_diff);
    rules.add<LDiv>(write_div);
}

}  // namespace eddl::onnx_io
