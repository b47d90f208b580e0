// Normalisations.
#include "eddl/layers/normalization/layer_normalization.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

void write_batchnorm(const LBatchNorm &layer, LayerWriter &writer) {
    const std::size_t channels = layer.mean->size;
    const Ints dims{static_cast<std::int64_t>(channels)};
    std::vector<std::string> operands{writer.input()};
    std::size_t next = 0;
    if (layer.affine) {
        operands.push_back(writer.parameter("scale", next++));
        operands.push_back(writer.parameter("bias", next++));
    } else {
        operands.push_back(writer.numbers("scale", dims, Floats(channels, 1.0f)));
        operands.push_back(writer.numbers("bias", dims, Floats(channels, 0.0f)));
    }
    operands.push_back(writer.parameter("mean", next++));
    operands.push_back(writer.parameter("variance", next++));
    writer.result("BatchNormalization", operands).with("epsilon", layer.epsilon).with("momentum", layer.momentum);
}

}  // namespace

void add_normalization_rules(Rules &rules) { rules.add<LBatchNorm>(write_batchnorm); }

}  // namespace eddl::onnx_io
