// Dense layers, embedding, and what does nothing at inference or only scales.
#include <algorithm>
#include <iostream>

#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/noise/layer_noise.h"
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

// Words are rows of the table. With mask_zeros, row 0 is written as zeros: predictions are the net's, but what trains
// the file's net on trains that row too.
void write_embedding(const LEmbedding &layer, LayerWriter &writer) {
    const Tensor &table = writer.parameter_values(0);
    Floats rows(table.ptr, table.ptr + table.size);
    if (layer.mask_zeros) {
        std::cerr << "Warning: layer '" << layer.name
                  << "' masks zeros, which ONNX cannot express; written as a row of zeros that training would change\n";
        std::fill_n(rows.begin(), layer.dim, 0.0f);
    }
    const std::string words = writer.step("cast", "Cast", {writer.input()}).with("to", TensorProto::INT32);
    const std::string weights = writer.numbers("W", {layer.vocsize, layer.dim}, rows);
    const std::string embedded = writer.step("rows", "Gather", {weights, words}).with("axis", 0);
    writer.reshape_result(embedded, sample_of(*layer.output));
}

void write_bypass(const LBypass &, LayerWriter &writer) { writer.result("Identity", {writer.input()}); }
void write_noise(const LGaussianNoise &, LayerWriter &writer) { writer.result("Identity", {writer.input()}); }

}  // namespace

void add_core_rules(Rules &rules) {
    rules.add<LDense>(write_dense);
    rules.add<LDropout>(write_dropout);
    rules.add<LEmbedding>(write_embedding);
    rules.add<LBypass>(write_bypass);
    rules.add<LGaussianNoise>(write_noise);
}

}  // namespace eddl::onnx_io
