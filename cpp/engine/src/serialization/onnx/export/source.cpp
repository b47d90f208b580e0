// Layers whose values do not come from other layers: constants, shapes, random numbers.
#include "eddl/layers/auxiliar/layer_auxiliar.h"
#include "eddl/layers/generators/layer_generators.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

Ints one_sample(const Ints &sample) {
    Ints dims{1};
    dims.insert(dims.end(), sample.begin(), sample.end());
    return dims;
}

void write_constant(const LConstOfTensor &layer, LayerWriter &writer) {
    const Ints sample = sample_of(*layer.output);
    writer.result_for_batch(writer.tensor("value", *layer.const_tensor, one_sample(sample)), sample);
}

// The batch's size is not known before the net runs.
void write_shape(const LShape &layer, LayerWriter &writer) {
    const Ints sample = sample_of(*layer.output);
    if (!layer.include_batch) {
        writer.result_for_batch(writer.numbers("value", one_sample(sample), layer.data), sample);
        return;
    }
    const std::string lengths = writer.numbers("value", {static_cast<std::int64_t>(layer.data.size()) - 1},
                                               Floats(layer.data.begin() + 1, layer.data.end()));
    const std::string batch = writer.step("batch", "Cast", {writer.graph().batch()}).with("to", TensorProto::FLOAT);
    const std::string all = writer.step("all", "Concat", {batch, lengths}).with("axis", 0);
    writer.result_for_batch(all, sample);
}

// Drawn in the shape of zeros.
NodeWriter write_random(const GeneratorLayer &layer, LayerWriter &writer, const char *op) {
    const std::string zeros = writer.for_batch("zeros", writer.number("zero", 0.0f), sample_of(*layer.output));
    return writer.result(op, {zeros});
}

void write_gauss(const LGauss &layer, LayerWriter &writer) {
    write_random(layer, writer, "RandomNormalLike").with("mean", layer.mean).with("scale", layer.stdev);
}

void write_uniform(const LUniform &layer, LayerWriter &writer) {
    write_random(layer, writer, "RandomUniformLike").with("low", layer.low).with("high", layer.high);
}

}  // namespace

void add_source_rules(Rules &rules) {
    rules.add<LConstOfTensor>(write_constant);
    rules.add<LShape>(write_shape);
    rules.add<LGauss>(write_gauss);
    rules.add<LUniform>(write_uniform);
}

}  // namespace eddl::onnx_io
