// Layers on images, in inference: scaling, which ONNX has, and what else takes each pixel from another place.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "eddl/layers/da/layer_da.h"
#include "serialization/onnx/export/rules.h"
#include "tensor/image.h"

namespace eddl::onnx_io {

namespace {

std::int64_t pixels_of(const Tensor &images) {
    return std::accumulate(images.shape.begin() + 2, images.shape.end(), std::int64_t{1}, std::multiplies<>());
}

// Any map of pixels: of images laid out as rows, each pixel takes one of the input's, or one more that is appended.
void write_map(const LImageTransform &layer, LayerWriter &writer, const image::PixelMap &map) {
    const Ints from(map.from.begin(), map.from.end());
    Ints own(from.size());
    std::iota(own.begin(), own.end(), 0);
    if (from == own && layer.output->shape == layer.input->shape) {
        writer.result("Identity", {writer.input()});
        return;
    }
    const std::int64_t channels = layer.input->shape[1], pixels = pixels_of(*layer.input);
    std::string rows = writer.reshaped("rows", writer.input(), {channels, pixels});
    Ints places = from;
    if (std::find(from.begin(), from.end(), image::PixelMap::OUTSIDE) != from.end()) {
        if (layer.fill() == nullptr) writer.refuse("what is outside of the input is not defined");
        const std::string fill = writer.number("fill", *layer.fill());
        rows = writer.step("filled", "Pad", {rows, writer.integers("one_behind", {0, 0, 0, 0, 0, 1}), fill})
                   .with("mode", std::string("constant"));
        std::replace(places.begin(), places.end(), std::int64_t{image::PixelMap::OUTSIDE}, pixels);
    }
    const std::string taken = writer.step("taken", "Gather", {rows, writer.integers("places", places)}).with("axis", 2);
    writer.reshape_result(taken, sample_of(*layer.output));
}

const char *name_of(TransformationMode mode) {
    switch (mode) {
        case TransformationMode::HalfPixel: return "half_pixel";
        case TransformationMode::PytorchHalfPixel: return "pytorch_half_pixel";
        case TransformationMode::AlignCorners: return "align_corners";
        case TransformationMode::TFCropAndResize: return "tf_crop_and_resize";
        default: return "asymmetric";
    }
}

// Where ONNX' Resize takes the pixels of an axis from, in its own arithmetic. The region of tf_crop_and_resize is all.
std::vector<int> resized(int from, int to, float scale, TransformationMode mode) {
    std::vector<int> places;
    const auto length = static_cast<float>(from), wanted = static_cast<float>(to);
    for (int i = 0; i < to; ++i) {
        const auto x = static_cast<float>(i);
        float place = x / scale;
        if (mode == TransformationMode::HalfPixel) place = (x + 0.5f) / scale - 0.5f;
        if (mode == TransformationMode::PytorchHalfPixel) place = to > 1 ? (x + 0.5f) / scale - 0.5f : 0.0f;
        if (mode == TransformationMode::AlignCorners) place = to > 1 ? x * (length - 1) / (wanted - 1) : 0.0f;
        if (mode == TransformationMode::TFCropAndResize) {
            place = to > 1 ? x * (length - 1) / (wanted - 1) : 0.5f * (length - 1);
        }
        places.push_back(std::clamp(static_cast<int>(std::floor(place)), 0, from - 1));
    }
    return places;
}

// Whether the map is what the axes' places make together.
bool is_product(const image::PixelMap &map, const std::vector<int> &lengths,
                const std::vector<std::vector<int>> &axes) {
    std::vector<int> product{0};
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
        std::vector<int> longer;
        for (const int row : product) {
            for (const int place : axes[axis]) longer.push_back(row * lengths[axis] + place);
        }
        product.swap(longer);
    }
    return product == map.from;
}

// As Resize, where that takes the same pixels: its rounding is another. (EDDL's files have it wherever it is.)
template <typename L>
void write_scaled(const L &layer, LayerWriter &writer) {
    const image::PixelMap map = layer.map_in_inference();
    const std::vector<int> &in = layer.input->shape, &out = layer.output->shape;
    const TransformationMode mode = layer.coordinate_transformation_mode;
    Floats scales{1.0f, 1.0f}, region(in.size(), 0.0f);
    region.resize(2 * in.size(), 1.0f);
    std::vector<std::vector<int>> axes;
    bool same_size = true;
    for (std::size_t axis = 2; axis < in.size(); ++axis) {
        scales.push_back(static_cast<float>(out[axis]) / static_cast<float>(in[axis]));
        const float length = std::floor(static_cast<float>(in[axis]) * scales.back());
        same_size = same_size && static_cast<int>(length) == out[axis];
        axes.push_back(resized(in[axis], out[axis], scales.back(), mode));
    }
    if (!same_size || !is_product(map, {in.begin() + 2, in.end()}, axes)) {
        write_map(layer, writer, map);
        return;
    }
    const auto rank = static_cast<std::int64_t>(in.size());
    const std::string roi = writer.numbers("roi", {2 * rank}, region);
    writer.result("Resize", {writer.input(), roi, writer.numbers("scales", {rank}, scales)})
        .with("coordinate_transformation_mode", std::string(name_of(mode)))
        .with("mode", std::string("nearest"))
        .with("nearest_mode", std::string("floor"));
}

template <typename L>
void write_moved(const L &layer, LayerWriter &writer) {
    write_map(layer, writer, layer.map_in_inference());
}

}  // namespace

void add_image_rules(Rules &rules) {
    rules.add<LScale>(write_scaled);
    rules.add<LResize>(write_scaled);
    rules.add<LUpSampling3D>(write_scaled);
    rules.add<LShift>(write_moved);
    rules.add<LRotate>(write_moved);
    rules.add<LFlip>(write_moved);
    rules.add<LCrop>(write_moved);
    rules.add<LCropScale>(write_moved);
    rules.add<LCutout>(write_moved);
    rules.add<LShiftRandom>(write_moved);
    rules.add<LRotateRandom>(write_moved);
    rules.add<LScaleRandom>(write_moved);
    rules.add<LFlipRandom>(write_moved);
    rules.add<LCropRandom>(write_moved);
    rules.add<LCropScaleRandom>(write_moved);
    rules.add<LCutoutRandom>(write_moved);
}

}  // namespace eddl::onnx_io
