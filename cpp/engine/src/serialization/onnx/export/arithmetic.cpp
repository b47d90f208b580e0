// Merge layers and operators: layers with layers, and with numbers.
#include <cmath>

#include "eddl/layers/auxiliar/layer_auxiliar.h"
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
