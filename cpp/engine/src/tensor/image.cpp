// Image transforms with given parameters.
#include "tensor/image.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace eddl;
using namespace eddl::image;

Fill eddl::image::fill_of(const char* function, WrappingMode mode) {
    if (mode == WrappingMode::Constant) return Fill::Value;
    if (mode == WrappingMode::Original) return Fill::Original;
    not_available(std::string(function) + " with wrapping mode " + std::to_string(mode));
}

void eddl::image::require_images(const char* function, const Tensor* A, const Tensor* B) {
    require_ndim(function, A, 4);
    require_ndim(function, B, 4);
    if (A->shape[0] != B->shape[0] || A->shape[1] != B->shape[1]) {
        invalid(function, "images of shapes ", A->shape, " and ", B->shape);
    }
    if (A->ptr == B->ptr) invalid(function, "the output must not be the input");
}

Rotate::Rotate(Extent extent, float angle, Pixel offset) : centre{extent.height / 2 + offset.y, extent.width / 2 + offset.x} {
    constexpr float RADIANS_PER_DEGREE = 3.14159265f / 180.0f;
    sine = std::sin(-angle * RADIANS_PER_DEGREE);
    cosine = std::cos(-angle * RADIANS_PER_DEGREE);
}

Pixel Rotate::operator()(Pixel p) const {
    const float y = static_cast<float>(p.y - centre.y), x = static_cast<float>(p.x - centre.x);
    return {static_cast<int>(std::lround(sine * x + cosine * y)) + centre.y,
            static_cast<int>(std::lround(cosine * x - sine * y)) + centre.x};
}

Scale::Scale(const char* function, Extent input, Extent scaled, Extent output, TransformationMode mode)
    : input(input),
      scaled(scaled),
      offset{(scaled.height - output.height) / 2, (scaled.width - output.width) / 2},
      mode(mode) {
    if (mode != TransformationMode::HalfPixel && mode != TransformationMode::AlignCorners &&
        mode != TransformationMode::Asymmetric) {
        not_available(std::string(function) + " with mode '" + getTransformationModeName(mode) + "'");
    }
    if (scaled.height < 1 || scaled.width < 1) {
        invalid(function, "the new size ", scaled.height, " x ", scaled.width, " must be positive");
    }
}

Pixel Scale::operator()(Pixel p) const {
    const auto along = [this](int position, int from, int to) {
        const float x = static_cast<float>(position);
        float source = 0.0f;
        if (mode == TransformationMode::AlignCorners) {
            if (to > 1) source = x / (static_cast<float>(to - 1) / static_cast<float>(from - 1));
        } else {
            const float ratio = static_cast<float>(to) / static_cast<float>(from);
            source = mode == TransformationMode::HalfPixel ? (x + 0.5f) / ratio - 0.5f : x / ratio;
        }
        return std::min(static_cast<int>(source), from - 1);
    };
    const Pixel q{p.y + offset.y, p.x + offset.x};
    if (!scaled.holds(q)) return OUTSIDE;
    return {along(q.y, input.height, scaled.height), along(q.x, input.width, scaled.width)};
}

namespace {

template <typename T>
void require_pair(const char* function, const vector<T>& values) {
    if (values.size() != 2) invalid(function, "expected two numbers, got ", values);
}

Pixel pixel_of(const char* function, const vector<int>& values) {
    require_pair(function, values);
    return {values[0], values[1]};
}

void require_corners(const char* function, const Tensor* A, Pixel from, Pixel to) {
    require_ndim(function, A, 4);
    const Extent extent = extent_of(A);
    if (!extent.holds(from) || !extent.holds(to) || from.y > to.y || from.x > to.x) {
        invalid(function, "corners (", from.y, ", ", from.x, ") and (", to.y, ", ", to.x, ") in images of shape ", A->shape);
    }
}

vector<int> with_extent(const char* function, const Tensor* t, int height, int width) {
    require_ndim(function, t, 4);
    return {t->shape[0], t->shape[1], height, width};
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

// Where the output is just the scaled image, no pixel is outside.
Fill scale_fill(const char* function, WrappingMode mode, const Tensor* B, const vector<int>& new_shape) {
    const Fill fill = fill_of(function, mode);
    return B->shape[2] == new_shape[0] && B->shape[3] == new_shape[1] ? Fill::Keep : fill;
}

vector<Scale> scale_place(const char* function, const Tensor* A, const Tensor* B, const vector<int>& new_shape,
                          TransformationMode mode) {
    require_images(function, A, B);
    const Pixel size = pixel_of(function, new_shape);
    return {Scale(function, extent_of(A), {size.y, size.x}, extent_of(B), mode)};
}

}  // namespace

void Tensor::shift(Tensor* A, Tensor* B, vector<int> shift, WrappingMode mode, float cval) {
    const char* const name = "Tensor::shift";
    require_ndim(name, A, 4);
    const Pixel by = pixel_of(name, shift);
    if (std::abs(by.y) >= A->shape[2] || std::abs(by.x) >= A->shape[3]) {
        invalid(name, "a shift of ", shift, " for images of shape ", A->shape);
    }
    require_same_shape(name, A, B);
    transform<Shift>(name, A, B, {{by.y, by.x}}, fill_of(name, mode), cval);
}

Tensor* Tensor::shift(vector<int> by, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { shift(this, result, by, mode, cval); });
}

void Tensor::rotate(Tensor* A, Tensor* B, float angle, vector<int> offset_center, WrappingMode mode, float cval) {
    const char* const name = "Tensor::rotate";
    require_ndim(name, A, 4);
    require_same_shape(name, A, B);
    transform<Rotate>(name, A, B, {{extent_of(A), angle, pixel_of(name, offset_center)}}, fill_of(name, mode), cval);
}

Tensor* Tensor::rotate(float angle, vector<int> offset_center, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { rotate(this, result, angle, offset_center, mode, cval); });
}

void Tensor::scale(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode, float cval,
                   TransformationMode coordinate_transformation_mode) {
    const char* const name = "Tensor::scale";
    const auto place = scale_place(name, A, B, new_shape, coordinate_transformation_mode);
    transform(name, A, B, place, scale_fill(name, mode, B, new_shape), cval);
}

void Tensor::scale_back(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode, float,
                        TransformationMode coordinate_transformation_mode) {
    const char* const name = "Tensor::scale_back";
    const auto place = scale_place(name, A, B, new_shape, coordinate_transformation_mode);
    transform_back(name, A, B, place, scale_fill(name, mode, B, new_shape));
}

Tensor* Tensor::scale(vector<int> new_shape, WrappingMode wrapping_mode, float cval,
                      TransformationMode coordinate_transformation_mode, bool keep_size) {
    const Pixel size = pixel_of("Tensor::scale", new_shape);
    return make_tensor(keep_size ? shape : with_extent("Tensor::scale", this, size.y, size.x), [&](Tensor* result) {
        scale(this, result, new_shape, wrapping_mode, cval, coordinate_transformation_mode);
    });
}

void Tensor::flip(Tensor* A, Tensor* B, int axis) {
    const char* const name = "Tensor::flip";
    if (axis != 0 && axis != 1) invalid(name, "axis ", axis, "; it must be 0 (rows) or 1 (columns)");
    require_ndim(name, A, 4);
    require_same_shape(name, A, B);
    transform<Flip>(name, A, B, {{extent_of(A), axis == 0, axis == 1}}, Fill::Keep);
}

Tensor* Tensor::flip(int axis) {
    return make_tensor(shape, [=](Tensor* result) { flip(this, result, axis); });
}

void Tensor::crop(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to, float cval) {
    const char* const name = "Tensor::crop";
    const Pixel from = pixel_of(name, coords_from), to = pixel_of(name, coords_to);
    require_corners(name, A, from, to);
    const bool keep_size = A->shape == B->shape;
    if (!keep_size) require_shape(name, B, with_extent(name, A, to.y - from.y + 1, to.x - from.x + 1));
    transform<Crop>(name, A, B, {{from, to, keep_size ? Pixel{0, 0} : from, false}}, Fill::Value, cval);
}

Tensor* Tensor::crop(vector<int> coords_from, vector<int> coords_to, float cval, bool keep_size) {
    const char* const name = "Tensor::crop";
    const Pixel from = pixel_of(name, coords_from), to = pixel_of(name, coords_to);
    require_corners(name, this, from, to);
    return make_tensor(keep_size ? shape : with_extent(name, this, to.y - from.y + 1, to.x - from.x + 1),
                       [&](Tensor* result) { crop(this, result, coords_from, coords_to, cval); });
}

// The crop covers the whole output: there is nothing to fill.
void Tensor::crop_scale(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to, WrappingMode, float) {
    const char* const name = "Tensor::crop_scale";
    const Pixel from = pixel_of(name, coords_from), to = pixel_of(name, coords_to);
    require_corners(name, A, from, to);
    require_images(name, A, B);
    transform<CropScale>(name, A, B, {{from, to, extent_of(B)}}, Fill::Keep);
}

Tensor* Tensor::crop_scale(vector<int> coords_from, vector<int> coords_to, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { crop_scale(this, result, coords_from, coords_to, mode, cval); });
}

void Tensor::cutout(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to, float cval) {
    const char* const name = "Tensor::cutout";
    const Pixel from = pixel_of(name, coords_from), to = pixel_of(name, coords_to);
    require_corners(name, A, from, to);
    require_same_shape(name, A, B);
    transform<Crop>(name, A, B, {{from, to, {0, 0}, true}}, Fill::Value, cval);
}

Tensor* Tensor::cutout(vector<int> coords_from, vector<int> coords_to, float cval) {
    return make_tensor(shape, [&](Tensor* result) { cutout(this, result, coords_from, coords_to, cval); });
}

void Tensor::pad(Tensor* A, Tensor* B, vector<int> pads) {
    const char* const name = "Tensor::pad";
    pads = four_pads(name, pads);
    require_shape(name, B, padded_shape(name, A, pads));
    transform<Shift>(name, A, B, {{pads[0], pads[3]}}, Fill::Keep);
}

void Tensor::pad_back(Tensor* A, Tensor* B, vector<int> pads) {
    const char* const name = "Tensor::pad_back";
    pads = four_pads(name, pads);
    require_shape(name, B, padded_shape(name, A, pads));
    transform_back<Shift>(name, A, B, {{pads[0], pads[3]}}, Fill::Keep);
}

Tensor* Tensor::pad(vector<int> pads, float cval) {
    pads = four_pads("Tensor::pad", pads);
    return make_tensor(padded_shape("Tensor::pad", this, pads), [&](Tensor* result) {
        result->fill_(cval);
        pad(this, result, pads);
    });
}
