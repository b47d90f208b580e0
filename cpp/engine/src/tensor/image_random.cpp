// Image transforms whose settings are drawn anew for each image of the batch.
#include <algorithm>

#include "eddl/random.h"
#include "tensor/image.h"

using namespace eddl;
using namespace eddl::image;

namespace eddl::image {

namespace {

constexpr float FAR = 1e6f;  // as large as a factor or an angle can be of use

void require_range(const std::string& function, const Range& range, float min, float max) {
    if (range.size() != 2 || !(std::min(range[0], range[1]) >= min && std::max(range[0], range[1]) <= max)) {
        invalid(function, "factors ", range, "; expected two within [", min, ", ", max, "]");
    }
}

float draw(const Range& range) { return uniform(range[0], range[1]); }

// A part of `whole`, or a multiple: at least one pixel.
int part_of(int whole, float factor) {
    constexpr float LARGEST = 1 << 30;
    return std::max(1, static_cast<int>(std::min(LARGEST, static_cast<float>(whole) * factor)));
}

// Where a part of a length starts, each place as likely.
int place_in(int whole, int part) {
    const int places = whole - part + 1;
    return std::min(places - 1, static_cast<int>(uniform() * static_cast<float>(places)));
}

// The corners of a window of that extent at a random place.
std::pair<Pixel, Pixel> random_corners(Extent extent, Extent window) {
    const Pixel from{place_in(extent.height, window.height), place_in(extent.width, window.width)};
    return {from, {from.y + window.height - 1, from.x + window.width - 1}};
}

// The map with one place for each image, which make(extent of the input, extent of the output) draws.
template <typename Make>
auto drawn(WrappingMode mode, Make make) {
    return [=](const Tensor& input, const Tensor& output) {
        vector<decltype(make(Extent{}, Extent{}))> places;
        for (int image = 0; image < input.shape[0]; ++image) {
            places.push_back(make(extent_of(input), extent_of(output)));
        }
        return map_of(input, output, places, mode);
    };
}

}  // namespace

Transform random_shifting(std::string function, Range x, Range y, WrappingMode mode, float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_range(function, x, -1.0f, 1.0f);
                require_range(function, y, -1.0f, 1.0f);
                require_alike(function, input, output);
            },
            drawn(mode,
                  [=](Extent input, Extent) {
                      const float down = draw(y), right = draw(x);
                      return Shift{{static_cast<int>(static_cast<float>(input.height) * down),
                                    static_cast<int>(static_cast<float>(input.width) * right)}};
                  }),
            fill, true};
}

Transform random_rotating(std::string function, Range degrees, std::vector<int> offset, WrappingMode mode, float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_range(function, degrees, -FAR, FAR);
                require_offset(function, offset);
                require_alike(function, input, output);
            },
            drawn(mode,
                  [=](Extent input, Extent) { return Rotate(input, draw(degrees), {offset[0], offset[1]}); }),
            fill, true};
}

Transform random_flipping(std::string function, int axis) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_flip_axis(function, axis);
                require_alike(function, input, output);
            },
            drawn(WrappingMode::Constant,
                  [=](Extent input, Extent) {
                      const bool apply = uniform() >= 0.5f;
                      return Flip{input, apply && axis == 0, apply && axis == 1};
                  }),
            std::nullopt, true};
}

Transform random_cropping(std::string function) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_images(function, input, output);
                if (output.shape[2] > input.shape[2] || output.shape[3] > input.shape[3]) {
                    invalid(function, "crops of shape ", output.shape, " from images of shape ", input.shape);
                }
            },
            drawn(WrappingMode::Constant,
                  [](Extent input, Extent output) {
                      const auto corners = random_corners(input, output);
                      return Crop{corners.first, corners.second, corners.first, false};
                  }),
            std::nullopt, true};
}

Transform random_cutting_out(std::string function, Range x, Range y, float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_range(function, x, 0.0f, 1.0f);
                require_range(function, y, 0.0f, 1.0f);
                require_alike(function, input, output);
            },
            drawn(WrappingMode::Constant,
                  [=](Extent input, Extent) {
                      const float height = draw(y), width = draw(x);
                      const auto corners =
                          random_corners(input, {part_of(input.height, height), part_of(input.width, width)});
                      return Crop{corners.first, corners.second, {0, 0}, true};
                  }),
            fill, true};
}

Transform random_crop_scaling(std::string function, Range factor) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_range(function, factor, 0.0f, 1.0f);
                require_images(function, input, output);
            },
            drawn(WrappingMode::Constant,
                  [=](Extent input, Extent output) {
                      const float by = draw(factor);
                      const auto corners = random_corners(input, {part_of(input.height, by), part_of(input.width, by)});
                      return CropScale{corners.first, corners.second, output};
                  }),
            std::nullopt, true};
}

Transform random_scaling(std::string function, Range factor, WrappingMode mode, TransformationMode coordinates,
                         float fill) {
    return {[=](const Tensor& input, const Tensor& output) {
                require_range(function, factor, 0.0f, FAR);
                require_alike(function, input, output);
            },
            [=](const Tensor& input, const Tensor& output) {
                PixelMap map{input.stride[1], output.stride[1], {}};
                for (int image = 0; image < input.shape[0]; ++image) {
                    const float by = draw(factor);
                    append_scaled(&map, input, output, {part_of(input.shape[2], by), part_of(input.shape[3], by)}, mode,
                                  coordinates);
                }
                return map;
            },
            fill, true};
}

Transform random_affine(std::string function, Range degrees, Range translate, Range scale, Range shear) {
    return {[=](const Tensor& input, const Tensor& output) {
                for (const Range& range : {degrees, translate, scale, shear}) require_range(function, range, -FAR, FAR);
                for (int end : {0, 1}) require_affine(function, degrees[end], translate[end], scale[end], shear[end]);
                require_alike(function, input, output);
            },
            drawn(WrappingMode::Constant,
                  [=](Extent input, Extent) {
                      const float angle = draw(degrees), by = draw(translate), factor = draw(scale);
                      return Affine(input, angle, by, factor, draw(shear));
                  }),
            0.0f, true};
}

}  // namespace eddl::image

void Tensor::shift_random(Tensor* A, Tensor* B, vector<float> factor_x, vector<float> factor_y, WrappingMode mode,
                          float cval) {
    random_shifting("Tensor::shift_random", factor_x, factor_y, mode, cval)(A, B);
}

void Tensor::rotate_random(Tensor* A, Tensor* B, vector<float> factor, vector<int> offset_center, WrappingMode mode,
                           float cval) {
    random_rotating("Tensor::rotate_random", factor, offset_center, mode, cval)(A, B);
}

void Tensor::scale_random(Tensor* A, Tensor* B, vector<float> factor, WrappingMode mode, float cval,
                          TransformationMode coordinate_transformation_mode) {
    random_scaling("Tensor::scale_random", factor, mode, coordinate_transformation_mode, cval)(A, B);
}

void Tensor::flip_random(Tensor* A, Tensor* B, int axis) { random_flipping("Tensor::flip_random", axis)(A, B); }

void Tensor::crop_random(Tensor* A, Tensor* B) { random_cropping("Tensor::crop_random")(A, B); }

void Tensor::crop_scale_random(Tensor* A, Tensor* B, vector<float> factor, WrappingMode, float) {
    random_crop_scaling("Tensor::crop_scale_random", factor)(A, B);
}

void Tensor::cutout_random(Tensor* A, Tensor* B, vector<float> factor_x, vector<float> factor_y, float cval) {
    random_cutting_out("Tensor::cutout_random", factor_x, factor_y, cval)(A, B);
}

// With keep_size the crops stay in their places, and `cval` is what lies around them.
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
        const auto map = drawn(WrappingMode::Constant, [=](Extent input, Extent) {
            const auto corners = random_corners(input, {height, width});
            return Crop{corners.first, corners.second, {0, 0}, false};
        });
        map(*this, *result).apply(*this, *result, cval);
    });
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
