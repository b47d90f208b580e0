// Image transforms whose parameters are drawn anew for each image of the batch.
#include <algorithm>

#include "eddl/random.h"
#include "tensor/image.h"

using namespace eddl;
using namespace eddl::image;

namespace {

// A factor pair [low, high] within [min, max].
void require_factors(const char* function, const vector<float>& factors, float min, float max) {
    if (factors.size() != 2 || !(factors[0] >= min && factors[0] <= factors[1] && factors[1] <= max)) {
        invalid(function, "factors ", factors, "; expected (low, high) within [", min, ", ", max, "]");
    }
}

float draw(const vector<float>& factors) { return uniform(factors[0], factors[1]); }

// A part of `whole`, at least one pixel.
int part_of(int whole, float factor) { return std::max(1, static_cast<int>(static_cast<float>(whole) * factor)); }

// Where a part of a length starts, each place as likely.
int place_in(int whole, int part) {
    const int places = whole - part + 1;
    return std::min(places - 1, static_cast<int>(uniform() * static_cast<float>(places)));
}

// A window of `window` pixels at a random place.
std::pair<Pixel, Pixel> random_corners(Extent extent, Extent window) {
    const Pixel from{place_in(extent.height, window.height), place_in(extent.width, window.width)};
    return {from, {from.y + window.height - 1, from.x + window.width - 1}};
}

// One transform for each image.
template <typename Make>
auto for_each_image(const char* function, const Tensor* A, Make make) {
    require_ndim(function, A, 4);
    vector<decltype(make())> places;
    for (int image = 0; image < A->shape[0]; ++image) places.push_back(make());
    return places;
}

constexpr float UNBOUNDED = 1e6f;

}  // namespace

void Tensor::shift_random(Tensor* A, Tensor* B, vector<float> factor_x, vector<float> factor_y, WrappingMode mode,
                          float cval) {
    const char* const name = "Tensor::shift_random";
    require_factors(name, factor_x, -1.0f, 1.0f);
    require_factors(name, factor_y, -1.0f, 1.0f);
    require_same_shape(name, A, B);
    const auto places = for_each_image(name, A, [&] {
        const Extent extent = extent_of(A);
        const float y = draw(factor_y), x = draw(factor_x);
        return Shift{static_cast<int>(static_cast<float>(extent.height) * y),
                     static_cast<int>(static_cast<float>(extent.width) * x)};
    });
    transform(name, A, B, places, fill_of(name, mode), cval);
}

void Tensor::rotate_random(Tensor* A, Tensor* B, vector<float> factor, vector<int> offset_center, WrappingMode mode,
                           float cval) {
    const char* const name = "Tensor::rotate_random";
    require_factors(name, factor, -UNBOUNDED, UNBOUNDED);
    if (offset_center.size() != 2) invalid(name, "expected an offset (y, x), got ", offset_center);
    require_same_shape(name, A, B);
    const Pixel offset{offset_center[0], offset_center[1]};
    const auto places = for_each_image(name, A, [&] { return Rotate(extent_of(A), draw(factor), offset); });
    transform(name, A, B, places, fill_of(name, mode), cval);
}

void Tensor::scale_random(Tensor* A, Tensor* B, vector<float> factor, WrappingMode mode, float cval,
                          TransformationMode coordinate_transformation_mode) {
    const char* const name = "Tensor::scale_random";
    require_factors(name, factor, 0.0f, UNBOUNDED);
    require_images(name, A, B);
    const auto places = for_each_image(name, A, [&] {
        const Extent extent = extent_of(A);
        const float by = draw(factor);
        const Extent scaled{part_of(extent.height, by), part_of(extent.width, by)};
        return Scale(name, extent, scaled, extent_of(B), coordinate_transformation_mode);
    });
    transform(name, A, B, places, fill_of(name, mode), cval);
}

void Tensor::flip_random(Tensor* A, Tensor* B, int axis) {
    const char* const name = "Tensor::flip_random";
    if (axis != 0 && axis != 1) invalid(name, "axis ", axis, "; it must be 0 (rows) or 1 (columns)");
    require_same_shape(name, A, B);
    const auto places = for_each_image(name, A, [&] {
        const bool apply = uniform() >= 0.5f;
        return Flip{extent_of(A), apply && axis == 0, apply && axis == 1};
    });
    transform(name, A, B, places, Fill::Keep);
}

void Tensor::crop_random(Tensor* A, Tensor* B) {
    const char* const name = "Tensor::crop_random";
    require_images(name, A, B);
    if (B->shape[2] > A->shape[2] || B->shape[3] > A->shape[3]) {
        invalid(name, "crops of shape ", B->shape, " from images of shape ", A->shape);
    }
    const auto places = for_each_image(name, A, [&] {
        const auto corners = random_corners(extent_of(A), extent_of(B));
        return Crop{corners.first, corners.second, corners.first, false};
    });
    transform(name, A, B, places, Fill::Value);
}

Tensor* Tensor::crop_random(int height, int width, float cval, bool keep_size) {
    const char* const name = "Tensor::crop_random";
    require_ndim(name, this, 4);
    if (height < 1 || height > shape[2] || width < 1 || width > shape[3]) {
        invalid(name, "crops of ", height, " x ", width, " from images of shape ", shape);
    }
    if (!keep_size) {
        return make_tensor({shape[0], shape[1], height, width}, [this](Tensor* result) { crop_random(this, result); });
    }
    return make_tensor(shape, [&](Tensor* result) {
        const auto places = for_each_image(name, this, [&] {
            const auto corners = random_corners(extent_of(this), {height, width});
            return Crop{corners.first, corners.second, {0, 0}, false};
        });
        transform(name, this, result, places, Fill::Value, cval);
    });
}

void Tensor::crop_scale_random(Tensor* A, Tensor* B, vector<float> factor, WrappingMode, float) {
    const char* const name = "Tensor::crop_scale_random";
    require_factors(name, factor, 0.0f, 1.0f);
    require_images(name, A, B);
    const auto places = for_each_image(name, A, [&] {
        const Extent extent = extent_of(A);
        const float by = draw(factor);
        const auto corners = random_corners(extent, {part_of(extent.height, by), part_of(extent.width, by)});
        return CropScale{corners.first, corners.second, extent_of(B)};
    });
    transform(name, A, B, places, Fill::Keep);
}

void Tensor::cutout_random(Tensor* A, Tensor* B, vector<float> factor_x, vector<float> factor_y, float cval) {
    const char* const name = "Tensor::cutout_random";
    require_factors(name, factor_x, 0.0f, 1.0f);
    require_factors(name, factor_y, 0.0f, 1.0f);
    require_same_shape(name, A, B);
    const auto places = for_each_image(name, A, [&] {
        const Extent extent = extent_of(A);
        const float y = draw(factor_y), x = draw(factor_x);
        const auto corners = random_corners(extent, {part_of(extent.height, y), part_of(extent.width, x)});
        return Crop{corners.first, corners.second, {0, 0}, true};
    });
    transform(name, A, B, places, Fill::Value, cval);
}

Tensor* Tensor::shift_random(vector<float> factor_x, vector<float> factor_y, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { shift_random(this, result, factor_x, factor_y, mode, cval); });
}

Tensor* Tensor::rotate_random(vector<float> factor, vector<int> offset_center, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { rotate_random(this, result, factor, offset_center, mode, cval); });
}

Tensor* Tensor::scale_random(vector<float> factor, WrappingMode mode, float cval,
                             TransformationMode coordinate_transformation_mode) {
    return make_tensor(shape, [&](Tensor* result) {
        scale_random(this, result, factor, mode, cval, coordinate_transformation_mode);
    });
}

Tensor* Tensor::flip_random(int axis) {
    return make_tensor(shape, [&](Tensor* result) { flip_random(this, result, axis); });
}

Tensor* Tensor::crop_scale_random(vector<float> factor, WrappingMode mode, float cval) {
    return make_tensor(shape, [&](Tensor* result) { crop_scale_random(this, result, factor, mode, cval); });
}

Tensor* Tensor::cutout_random(vector<float> factor_x, vector<float> factor_y, float cval) {
    return make_tensor(shape, [&](Tensor* result) { cutout_random(this, result, factor_x, factor_y, cval); });
}
