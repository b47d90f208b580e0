// Convolution, transposed convolution, pooling and up-sampling, over one to three axes.
#include <algorithm>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/pool/layer_pool.h"
#include "serialization/onnx/export/rules.h"

namespace eddl::onnx_io {

namespace {

// Of what ONNX writes down for each axis, that of the layer's axes: depth, rows, columns, or the last two, or rows
// alone.
Ints along(std::size_t axes, int depth, int rows, int columns) {
    if (axes == 1) return {rows};
    if (axes == 2) return {rows, columns};
    return {depth, rows, columns};
}

// All befores, then all afters. Behind a transposed convolution they may be negative: see beyond.
Ints pads_of(const WindowDescriptor &window, std::size_t axes) {
    Ints pads = along(axes, window.paddf, window.padrt, window.padcl);
    for (const std::int64_t after : along(axes, window.paddb, window.padrb, window.padcr)) {
        pads.push_back(std::max<std::int64_t>(after, 0));
    }
    return pads;
}

std::size_t axes_of(const Layer &layer) { return layer.output->ndim - 2; }

template <typename L>
NodeWriter write_kernel(const L &layer, LayerWriter &writer, const char *op) {
    const auto &window = *layer.cd;
    const std::size_t axes = axes_of(layer);
    // A 1-D layer's kernel has one column.
    const Ints kernel(window.K->shape.begin(), window.K->shape.begin() + 2 + static_cast<std::ptrdiff_t>(axes));
    std::vector<std::string> operands{writer.input(), writer.parameter("W", 0, kernel)};
    if (window.use_bias) operands.push_back(writer.parameter("b", 1));
    Ints dilations = to_ints(window.dilation_rate);
    dilations.resize(axes, 1);
    return writer.result(op, operands)
        .with("dilations", dilations)
        .with("group", window.groups)
        .with("kernel_shape", along(axes, window.kd, window.kr, window.kc))
        .with("pads", pads_of(window, axes))
        .with("strides", along(axes, window.sd, window.sr, window.sc));
}

template <typename L>
void write_convolution(const L &layer, LayerWriter &writer) {
    write_kernel(layer, writer, "Conv");
}

template <typename L>
void write_transposed(const L &layer, LayerWriter &writer) {
    // How much longer the output is than where the last kernel ends.
    const auto &window = *layer.cd;
    const std::size_t axes = axes_of(layer);
    const Ints input = along(axes, window.id, window.ir, window.ic);
    const Ints stride = along(axes, window.sd, window.sr, window.sc);
    const Ints kernel = along(axes, window.kd, window.kr, window.kc);
    const Ints pads = pads_of(window, axes);
    Ints beyond = along(axes, window.d, window.r, window.c);
    for (std::size_t i = 0; i < axes; ++i) {
        const std::int64_t reach = (kernel[i] - 1) * window.dilation_rate[i] + 1;
        beyond[i] -= stride[i] * (input[i] - 1) + reach - pads[i] - pads[axes + i];
    }
    write_kernel(layer, writer, "ConvTranspose").with("output_padding", beyond);
}

template <typename L>
NodeWriter write_pool(const L &layer, LayerWriter &writer, const char *op) {
    const auto &window = *layer.pd;
    const std::size_t axes = axes_of(layer);
    return writer.result(op, {writer.input()})
        .with("kernel_shape", along(axes, window.kd, window.kr, window.kc))
        .with("pads", pads_of(window, axes))
        .with("strides", along(axes, window.sd, window.sr, window.sc));
}

template <typename L>
void write_max_pool(const L &layer, LayerWriter &writer) {
    write_pool(layer, writer, "MaxPool");
}

template <typename L>
void write_average_pool(const L &layer, LayerWriter &writer) {
    write_pool(layer, writer, "AveragePool").with("count_include_pad", 1);
}

void write_upsampling(const LUpSampling &layer, LayerWriter &writer) {
    const Floats scales{1.0f, 1.0f, static_cast<float>(layer.size.at(0)), static_cast<float>(layer.size.at(1))};
    const std::string region = writer.numbers("roi", {8}, {0, 0, 0, 0, 1, 1, 1, 1});
    writer.result("Resize", {writer.input(), region, writer.numbers("scales", {4}, scales)})
        .with("coordinate_transformation_mode", std::string("asymmetric"))
        .with("mode", std::string("nearest"))
        .with("nearest_mode", std::string("floor"));
}

}  // namespace

void add_window_rules(Rules &rules) {
    rules.add<LConv1D>(write_convolution);
    rules.add<LConv>(write_convolution);
    rules.add<LConv3D>(write_convolution);
    rules.add<LConvT2D>(write_transposed);
    rules.add<LConvT3D>(write_transposed);
    rules.add<LMaxPool1D>(write_max_pool);
    rules.add<LMaxPool>(write_max_pool);
    rules.add<LMaxPool3D>(write_max_pool);
    rules.add<LAveragePool1D>(write_average_pool);
    rules.add<LAveragePool>(write_average_pool);
    rules.add<LAveragePool3D>(write_average_pool);
    rules.add<LUpSampling>(write_upsampling);
}

}  // namespace eddl::onnx_io
