// Image transforms with given settings.
#include "tensor/image.h"

#include <algorithm>
#include <cstdlib>

using namespace eddl;
using namespace eddl::image;

namespace eddl::image {

namespace {

Pixel pixel_of(const std::string& function, const std::vector<int>& pair) {
    if (pair.size() != 2) invalid(function, "expected a pair (y, x), got ", pair);
    return {pair[0], pair[1]};
}

// Spatial axes from `first` on.
bool same_extent(const Tensor& t, const std::vector<int>& size) {
    return t.shape.size() == size.size() + 2 && std::equal(size.begin(), size.end(), t.shape.begin() + 2);
}

}  // namespace

Transform shifting(std::string function, std::vector<int> by, WrappingMode mode, float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_alike(function, input, output);
                const Pixel p = pixel_of(function, by);
                const auto beyond = [](int shift, int extent) { return shift >= extent || shift <= -extent; };
                if (beyond(p.y, input.shape[2]) || beyond(p.x, input.shape[3])) {
                    invalid(function, "a shift of ", by, " for images of shape ", input.shape);
                }
            },
            [=](const Tensor& input, const Tensor& output) {
                return map_of<Shift>(input, output, {{{by[0], by[1]}}}, mode);
            },
            fill};
}

Transform rotating(std::string function, float degrees, std::vector<int> offset, WrappingMode mode, float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_alike(function, input, output);
                require_offset(function, offset);
            },
            [=](const Tensor& input, const Tensor& output) {
                return map_of<Rotate>(input, output, {{extent_of(input), degrees, {offset[0], offset[1]}}}, mode);
            },
            fill};
}

Transform flipping(std::string function, int axis) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_flip_axis(function, axis);
                require_alike(function, input, output);
            },
            [=](const Tensor& input, const Tensor& output) {
                return map_of<Flip>(input, output, {{extent_of(input), axis == 0, axis == 1}}, WrappingMode::Constant);
            },
            std::nullopt};
}

Transform cropping(std::string function, std::vector<int> from, std::vector<int> to, float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_images(function, input, output);
                require_crop(function, input, from, to);
                if (input.shape != output.shape && !same_extent(output, {to[0] - from[0] + 1, to[1] - from[1] + 1})) {
                    invalid(function, "a crop from ", from, " to ", to, " into images of shape ", output.shape);
                }
            },
            [=](const Tensor& input, const Tensor& output) {
                const Pixel first{from[0], from[1]}, last{to[0], to[1]};
                const Pixel offset = input.shape == output.shape ? Pixel{0, 0} : first;
                return map_of<Crop>(input, output, {{first, last, offset, false}}, WrappingMode::Constant);
            },
            fill};
}

Transform cutting_out(std::string function, std::vector<int> from, std::vector<int> to, float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_alike(function, input, output);
                require_crop(function, input, from, to);
            },
            [=](const Tensor& input, const Tensor& output) {
                const Crop outside{{from[0], from[1]}, {to[0], to[1]}, {0, 0}, true};
                return map_of<Crop>(input, output, {outside}, WrappingMode::Constant);
            },
            fill};
}

Transform crop_scaling(std::string function, std::vector<int> from, std::vector<int> to) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_images(function, input, output);
                require_crop(function, input, from, to);
            },
            [=](const Tensor& input, const Tensor& output) {
                const CropScale stretched{{from[0], from[1]}, {to[0], to[1]}, extent_of(output)};
                return map_of<CropScale>(input, output, {stretched}, WrappingMode::Constant);
            },
            std::nullopt};
}

Transform scaling(std::string function, std::vector<int> size, WrappingMode mode, TransformationMode coordinates,
                  float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                const auto dimensions = static_cast<unsigned>(size.size()) + 2;
                require_ndim(function, &input, dimensions);
                require_ndim(function, &output, dimensions);
                require_values(function, &input);
                if (*std::min_element(size.begin(), size.end()) < 1) {
                    invalid(function, "the new size ", size, " must be positive");
                }
                // Where the output is just the scaled image, nothing is outside.
                if (mode == WrappingMode::Original && !same_extent(output, size)) {
                    require_same_shape(function, &input, &output);
                }
                if (input.ptr == output.ptr) invalid(function, "the output must not be the input");
            },
            [=](const Tensor& input, const Tensor& output) {
                PixelMap map{input.stride[1], output.stride[1], {}};
                append_scaled(&map, input, output, size, mode, coordinates);
                return map;
            },
            fill};
}

Transform affine(std::string function, float degrees, float translate, float scale, float shear) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_affine(function, degrees, translate, scale, shear);
                require_alike(function, input, output);
            },
            [=](const Tensor& input, const Tensor& output) {
                const Affine place(extent_of(input), degrees, translate, scale, shear);
                return map_of<Affine>(input, output, {place}, WrappingMode::Constant);
            },
            0.0f};
}

}  // namespace eddl::image

namespace {

// The shape of `t` with another height and width.
vector<int> with_extent(const char* function, const Tensor* t, int height, int width) {
    require_ndim(function, t, 4);
    return {t->shape[0], t->shape[1], height, width};
}

vector<int> crop_shape(const char* function, const Tensor* t, const vector<int>& from, const vector<int>& to) {
    require_ndim(function, t, 4);
    require_crop(function, *t, from, to);
    return with_extent(function, t, to[0] - from[0] + 1, to[1] - from[1] + 1);
}

// The four pads, vertical and horizontal ones doubled.
vector<int> four_pads(const char* function, vector<int> pads) {
    if (pads.size() == 2) pads = {pads[0], pads[1], pads[0], pads[1]};
    if (pads.size() != 4 || *std::min_element(pads.begin(), pads.end()) < 0) {
        invalid(function, "pads ", pads, "; expected (top, right, bottom, left), each at least 0");
    }
    return pads;
}

vector<int> padded_shape(const char* function, const Tensor* t, const vector<int>& pads) {
    require_ndim(function, t, 4);
    return with_extent(function, t, t->shape[2] + pads[0] + pads[2], t->shape[3] + pads[1] + pads[3]);
}

PixelMap padding(const char* function, const Tensor* A, const Tensor* B, vector<int> pads) {
    pads = four_pads(function, pads);
    require_shape(function, B, padded_shape(function, A, pads));
    require_images(function, *A, *B);
    return map_of<Shift>(*A, *B, {{{pads[0], pads[3]}}}, WrappingMode::Constant);
}

// A += the transpose of a scaling
void scale_backward(const char* function, Tensor* A, Tensor* B, const vector<int>& size, WrappingMode mode,
                    TransformationMode coordinates) {
    const Transform transform = scaling(function, size, mode, coordinates, 0.0f);
    transform.check(*A, *B);
    transform.map(*A, *B).apply_back(*A, *B);
}

}  // namespace

void Tensor::shift(Tensor* A, Tensor* B, vector<int> shift, WrappingMode mode, float cval) {
    shifting("Tensor::shift", shift, mode, cval)(A, B);
}

Tensor* Tensor::shift(vector<int> by, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { shift(this, result, by, mode, cval); });
}

void Tensor::rotate(Tensor* A, Tensor* B, float angle, vector<int> offset_center, WrappingMode mode, float cval) {
    rotating("Tensor::rotate", angle, offset_center, mode, cval)(A, B);
}

Tensor* Tensor::rotate(float angle, vector<int> offset_center, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { rotate(this, result, angle, offset_center, mode, cval); });
}

void Tensor::scale(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode, float cval,
                   TransformationMode coordinate_transformation_mode) {
    const char* const name = "Tensor::scale";
    require_extents(name, new_shape, 2);
    scaling(name, new_shape, mode, coordinate_transformation_mode, cval)(A, B);
}

void Tensor::scale_back(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode, float,
                        TransformationMode coordinate_transformation_mode) {
    require_extents("Tensor::scale_back", new_shape, 2);
    scale_backward("Tensor::scale_back", A, B, new_shape, mode, coordinate_transformation_mode);
}

Tensor* Tensor::scale(vector<int> new_shape, WrappingMode wrapping_mode, float cval,
                      TransformationMode coordinate_transformation_mode, bool keep_size) {
    const char* const name = "Tensor::scale";
    require_extents(name, new_shape, 2);
    return make_tensor(keep_size ? shape : with_extent(name, this, new_shape[0], new_shape[1]), [&](Tensor* result) {
        scale(this, result, new_shape, wrapping_mode, cval, coordinate_transformation_mode);
    });
}

void Tensor::scale3d(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode, float cval,
                     TransformationMode coordinate_transformation_mode) {
    const char* const name = "Tensor::scale3d";
    require_extents(name, new_shape, 3);
    scaling(name, new_shape, mode, coordinate_transformation_mode, cval)(A, B);
}

void Tensor::scale3d_back(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode, float,
                          TransformationMode coordinate_transformation_mode) {
    require_extents("Tensor::scale3d_back", new_shape, 3);
    scale_backward("Tensor::scale3d_back", A, B, new_shape, mode, coordinate_transformation_mode);
}

void Tensor::flip(Tensor* A, Tensor* B, int axis) { flipping("Tensor::flip", axis)(A, B); }

Tensor* Tensor::flip(int axis) {
    return make_tensor(shape, [=](Tensor* result) { flip(this, result, axis); });
}

void Tensor::crop(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to, float cval) {
    cropping("Tensor::crop", coords_from, coords_to, cval)(A, B);
}

Tensor* Tensor::crop(vector<int> coords_from, vector<int> coords_to, float cval, bool keep_size) {
    return make_tensor(keep_size ? shape : crop_shape("Tensor::crop", this, coords_from, coords_to),
                       [&](Tensor* result) { crop(this, result, coords_from, coords_to, cval); });
}

// The crop covers the whole output: there is nothing to fill.
void Tensor::crop_scale(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to, WrappingMode, float) {
    crop_scaling("Tensor::crop_scale", coords_from, coords_to)(A, B);
}

Tensor* Tensor::crop_scale(vector<int> coords_from, vector<int> coords_to, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { crop_scale(this, result, coords_from, coords_to, mode, cval); });
}

void Tensor::cutout(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to, float cval) {
    cutting_out("Tensor::cutout", coords_from, coords_to, cval)(A, B);
}

Tensor* Tensor::cutout(vector<int> coords_from, vector<int> coords_to, float cval) {
    return make_tensor(shape, [&](Tensor* result) { cutout(this, result, coords_from, coords_to, cval); });
}

void Tensor::pad(Tensor* A, Tensor* B, vector<int> pads) {
    padding("Tensor::pad", A, B, pads).apply(*A, *B, std::nullopt);
}

void Tensor::pad_back(Tensor* A, Tensor* B, vector<int> pads) {
    padding("Tensor::pad_back", A, B, pads).apply_back(*A, *B);
}

Tensor* Tensor::pad(vector<int> pads, float cval) {
    pads = four_pads("Tensor::pad", pads);
    return make_tensor(padded_shape("Tensor::pad", this, pads), [&](Tensor* result) {
        result->fill_(cval);
        pad(this, result, pads);
    });
}
