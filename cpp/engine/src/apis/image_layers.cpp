// Layers on images: padding, resizing, data augmentation.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>

#include "apis/make.h"
#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/da/layer_da.h"
#include "eddl/random.h"
#include "errors.h"
#include "tensor/color.h"
#include "tensor/image.h"

namespace eddl {

using image::Augmentation;
using std::string;

layer Pad(layer parent, ints padding, float constant, string name) {
    return make<LPad>(parent, padding, constant, name);
}

// ---- scaling ----

layer UpSampling2D(layer parent, const ints &size, string interpolation, string name) {
    if (interpolation != "nearest")
        std::cerr << "UpSampling2D: there is no interpolation but \"nearest\"; \"" << interpolation
                  << "\" is taken for it" << std::endl;
    return make<LUpSampling>(parent, size, "nearest", name);
}

layer UpSampling(layer parent, const ints &size, string interpolation, string name) {
    return UpSampling2D(parent, size, interpolation, name);
}

#define EDDL_RESIZE(Name, Class)                                                                                \
    layer Name(layer parent, ints new_shape, bool reshape, string da_mode, float constant,                      \
               string coordinate_transformation_mode, string name) {                                            \
        return make<Class>(parent, new_shape, reshape, getWrappingMode(da_mode), constant,                      \
                           getTransformationMode(coordinate_transformation_mode), name);                        \
    }
EDDL_RESIZE(UpSampling3D, LUpSampling3D)
EDDL_RESIZE(Resize, LResize)
EDDL_RESIZE(Scale, LScale)
#undef EDDL_RESIZE

// ---- fixed transforms ----

layer Shift(layer parent, ints shift, string da_mode, float constant, string name) {
    const WrappingMode mode = getWrappingMode(da_mode);
    return make<LShift>(parent, Augmentation{image::shifting("Shift", shift, mode, constant)}, name);
}

layer Rotate(layer parent, float angle, ints offset_center, string da_mode, float constant, string name) {
    const WrappingMode mode = getWrappingMode(da_mode);
    return make<LRotate>(parent, Augmentation{image::rotating("Rotate", angle, offset_center, mode, constant)}, name);
}

layer Flip(layer parent, int axis, string name) {
    return make<LFlip>(parent, Augmentation{image::flipping("Flip", axis)}, name);
}

// EDDL's horizontal flip turns the rows, its vertical flip the columns.
layer HorizontalFlip(layer parent, string name) { return Flip(parent, 0, name); }
layer VerticalFlip(layer parent, string name) { return Flip(parent, 1, name); }

namespace {

layer crop(const char *function, layer parent, const ints &from, const ints &to, bool reshape, float constant,
           const string &name) {
    if (from.size() != 2 || to.size() != 2) invalid(function, "expected corners (y, x), received ", from, " and ", to);
    // Whether the corners lie in the image is checked by the layer.
    const auto extent = [&](std::size_t axis) {
        const std::int64_t last = to[axis], first = from[axis];
        return static_cast<int>(std::clamp<std::int64_t>(last - first + 1, 0, std::numeric_limits<int>::max()));
    };
    const ints extents = reshape ? ints{extent(0), extent(1)} : ints{};
    return make<LCrop>(parent, Augmentation{image::cropping(function, from, to, constant), extents}, name);
}

}  // namespace

layer Crop(layer parent, ints from_coords, ints to_coords, bool reshape, float constant, string name) {
    return crop("Crop", parent, from_coords, to_coords, reshape, constant, name);
}

layer CenteredCrop(layer parent, ints size, bool reshape, float constant, string name) {
    const char *const function = "CenteredCrop";
    require_extents(function, size, 2);
    const ints &shape = the(parent, function).output->shape;
    ints from(2, 0);
    if (shape.size() == 4) from = {shape[2] / 2 - size[0] / 2, shape[3] / 2 - size[1] / 2};
    return crop(function, parent, from, {from[0] + size[0] - 1, from[1] + size[1] - 1}, reshape, constant, name);
}

// What is cropped is stretched over the whole output: nothing is left to fill.
layer CropScale(layer parent, ints from_coords, ints to_coords, string da_mode, float, string name) {
    getWrappingMode(da_mode);
    return make<LCropScale>(parent, Augmentation{image::crop_scaling("CropScale", from_coords, to_coords)}, name);
}

layer Cutout(layer parent, ints from_coords, ints to_coords, float constant, string name) {
    return make<LCutout>(parent, Augmentation{image::cutting_out("Cutout", from_coords, to_coords, constant)}, name);
}

// ---- random transforms ----

layer RandomShift(layer parent, floats factor_x, floats factor_y, string da_mode, float constant, string name) {
    const WrappingMode mode = getWrappingMode(da_mode);
    return make<LShiftRandom>(
        parent, Augmentation{image::random_shifting("RandomShift", factor_x, factor_y, mode, constant)}, name);
}

layer RandomRotation(layer parent, floats factor, ints offset_center, string da_mode, float constant, string name) {
    const WrappingMode mode = getWrappingMode(da_mode);
    return make<LRotateRandom>(
        parent, Augmentation{image::random_rotating("RandomRotation", factor, offset_center, mode, constant)}, name);
}

layer RandomScale(layer parent, floats factor, string da_mode, float constant, string coordinate_transformation_mode,
                  string name) {
    const WrappingMode mode = getWrappingMode(da_mode);
    const TransformationMode coordinates = getTransformationMode(coordinate_transformation_mode);
    return make<LScaleRandom>(
        parent, Augmentation{image::random_scaling("RandomScale", factor, mode, coordinates, constant)}, name);
}

layer RandomFlip(layer parent, int axis, string name) {
    return make<LFlipRandom>(parent, Augmentation{image::random_flipping("RandomFlip", axis)}, name);
}

layer RandomHorizontalFlip(layer parent, string name) { return RandomFlip(parent, 0, name); }
layer RandomVerticalFlip(layer parent, string name) { return RandomFlip(parent, 1, name); }

layer RandomCrop(layer parent, ints new_shape, string name) {
    require_extents("RandomCrop", new_shape, 2);
    return make<LCropRandom>(parent, Augmentation{image::random_cropping("RandomCrop"), new_shape}, name);
}

layer RandomCropScale(layer parent, floats factor, string da_mode, string name) {
    getWrappingMode(da_mode);
    return make<LCropScaleRandom>(parent, Augmentation{image::random_crop_scaling("RandomCropScale", factor)}, name);
}

layer RandomCutout(layer parent, floats factor_x, floats factor_y, float constant, string name) {
    return make<LCutoutRandom>(
        parent, Augmentation{image::random_cutting_out("RandomCutout", factor_x, factor_y, constant)}, name);
}

// ---- what EDDL's API names and EDDL does not have ----

layer Affine(layer parent, float angle, float translate, float scale, float shear, string name) {
    return make<LAffine>(parent, Augmentation{image::affine("Affine", angle, translate, scale, shear)}, name);
}

layer RandomAffine(layer parent, floats angle, floats translate, floats scale, floats shear, string name) {
    return make<LAffineRandom>(
        parent, Augmentation{image::random_affine("RandomAffine", angle, translate, scale, shear)}, name);
}

layer Grayscale(layer parent, string name) {
    return make<LColor>(parent, image::Coloring{"Grayscale", 1, image::grayscale}, name);
}

layer RandomGrayscale(layer parent, string name) {
    const auto draw = [] { return uniform() < 0.5f ? image::grayscale() : image::Colors{}; };
    return make<LColor>(parent, image::Coloring{"RandomGrayscale", 3, draw, true}, name);
}

layer ColorJitter(layer parent, float brightness, float contrast, float saturation, float hue, string name) {
    const char *const function = "ColorJitter";
    if (!(brightness >= 0.0f && contrast >= 0.0f && saturation >= 0.0f && hue >= 0.0f && hue <= 0.5f))
        invalid(function, "brightness ", brightness, ", contrast ", contrast, ", saturation ", saturation, ", hue ",
                hue, "; expected none below 0 and a hue of at most 0.5");
    const auto factor = [](float by) { return uniform(std::max(0.0f, 1.0f - by), 1.0f + by); };
    const auto draw = [=] {
        const float b = factor(brightness), c = factor(contrast), s = factor(saturation);
        return image::jittered(b, c, s, uniform(-hue, hue));
    };
    return make<LColor>(parent, image::Coloring{function, 3, draw, true}, name);
}

// With the mean and the deviation of each image.
layer Normalize(layer parent, string name) { return Norm(parent, 1e-5f, name); }

// It prepares data for an FPGA.
layer Transform(layer, int, int, int, int, string) { not_available("Transform"); }

}  // namespace eddl
