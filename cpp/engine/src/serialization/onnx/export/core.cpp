// Dense layers and dropout.
#include "eddl/layers/core/layer_core.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

void write_dense(const LDense &layer, LayerWriter &writer) {
    std::vector<std::string> operands{writer.input(), writer.parameter("W", 0)};
    if (layer.output->ndim == 2) {
        if (layer.use_bias) operands.push_back(writer.parameter("b", 1));
        writer.result("Gemm", operands);
    } else if (layer.use_bias) {
        const std::string product = writer.step("MatMul", "MatMul", operands);
        writer.result("Add", {product, writer.parameter("b", 1)});
    } else {
        writer.result("MatMul", operands);
    }
}

// EDDL scales at inference (iw), ONNX does not.
void write_dropout(const LDropout &layer, LayerWriter &writer) {
    std::string input = writer.input();
    if (layer.iw) input = writer.step("scaled", "Mul", {input, writer.number("keep", 1.0f - layer.df)});
    writer.result("Dropout", {input}).with("ratio", layer.df);
}

}  // namespace

void add_core_rules(Rules &rules) {
    rules.add<LDense>(write_dense);
    rules.add<LDropout>(write_dropout);
}

}  // namespace eddl::onnx_io
