// What all image transforms share: the map of pixels, what lies beyond the borders, and checks of shapes.
#include <algorithm>
#include <cmath>

#include "parallel.h"
#include "tensor/image.h"

namespace eddl::image {

namespace {

// Calls visit(plane of input, plane of output, where the latter's pixels come from) for every channel of every image.
template <typename Input, typename Output, typename Visit>
void for_each_plane(const PixelMap& map, Input* input, Output* output, int images, int channels, Visit visit) {
    const bool one_each = map.from.size() > static_cast<std::size_t>(map.output_pixels);
    parallel_for(
        std::ptrdiff_t{images} * channels,
        [=, &map](std::ptrdiff_t plane) {
            const int* from = map.from.data() + (one_each ? plane / channels * map.output_pixels : 0);
            visit(input + plane * map.input_pixels, output + plane * map.output_pixels, from);
        },
        map.output_pixels);
}

constexpr float SMALLEST_SCALE = 1e-3f;

int modulo(int a, int n) { return (a % n + n) % n; }

// Coordinates are cut off towards zero, as EDDL does, but a rounding error does not push one to the next pixel.
int cut_off(float coordinate) {
    constexpr float ROUNDING = 1e-4f, FAR_OUTSIDE = 1e9f;
    const float nearest = std::round(coordinate);
    const float chosen = std::abs(coordinate - nearest) < ROUNDING ? nearest : coordinate;
    return static_cast<int>(std::clamp(chosen, -FAR_OUTSIDE, FAR_OUTSIDE));
}

// For each index of an output axis of length `shown` where it comes from on an input axis of length `from` that is
// scaled to `to` and centred.
std::vector<int> scaled_axis(int from, int to, int shown, WrappingMode mode, TransformationMode coordinates) {
    const auto source = [=](int place) {
        const float x = static_cast<float>(place), size = static_cast<float>(from), scaled = static_cast<float>(to);
        switch (coordinates) {
            case TransformationMode::AlignCorners: return to == 1 ? 0.0f : x / ((scaled - 1.0f) / (size - 1.0f));
            // The crop that TensorFlow's operator takes besides is the whole image here.
            case TransformationMode::TFCropAndResize:
                return to == 1 ? 0.5f * (size - 1.0f) : x * (size - 1.0f) / (scaled - 1.0f);
            case TransformationMode::HalfPixel: return (x + 0.5f) / (scaled / size) - 0.5f;
            case TransformationMode::PytorchHalfPixel: return to == 1 ? 0.0f : (x + 0.5f) / (scaled / size) - 0.5f;
            default: return x / (scaled / size);
        }
    };
    std::vector<int> axis;
    const int offset = (to - shown) / 2;
    for (int i = 0; i < shown; ++i) {
        const int place = i + offset;
        int index = 0;
        if (place < 0) {
            index = std::min(-1, static_cast<int>(std::floor(source(place))));
        } else if (place < to) {
            index = std::clamp(cut_off(source(place)), 0, from - 1);
        } else {
            index = std::max(from, cut_off(source(place)));
        }
        axis.push_back(wrapped(index, from, mode));
    }
    return axis;
}

}  // namespace

bool PixelMap::fits(const Tensor& input, const Tensor& output) const {
    return input_pixels == input.stride[1] && output_pixels == output.stride[1];
}

void PixelMap::apply(const Tensor& input, Tensor& output, std::optional<float> fill) const {
    const std::ptrdiff_t n = output_pixels;
    const bool filled = fill.has_value();
    const float value = fill.value_or(0.0f);
    for_each_plane(*this, static_cast<const float*>(input.ptr), output.ptr, output.shape[0], output.shape[1],
                   [=](const float* in, float* out, const int* position) {
                       for (std::ptrdiff_t i = 0; i < n; ++i) {
                           if (position[i] != OUTSIDE) {
                               out[i] = in[position[i]];
                           } else if (filled) {
                               out[i] = value;
                           }
                       }
                   });
}

void PixelMap::apply_back(Tensor& input, const Tensor& output) const {
    const std::ptrdiff_t n = output_pixels;
    for_each_plane(*this, input.ptr, static_cast<const float*>(output.ptr), output.shape[0], output.shape[1],
                   [=](float* in, const float* out, const int* position) {
                       for (std::ptrdiff_t i = 0; i < n; ++i) {
                           if (position[i] != OUTSIDE) in[position[i]] += out[i];
                       }
                   });
}

void Transform::operator()(Tensor* input, Tensor* output) const {
    require_given("Tensor", input, output);
    check(*input, *output);
    map(*input, *output).apply(*input, *output, fill);
}

int wrapped(int index, int n, WrappingMode mode) {
    if (index >= 0 && index < n) return index;
    switch (mode) {
        case WrappingMode::Nearest: return index < 0 ? 0 : n - 1;
        case WrappingMode::Wrap: return modulo(index, n);
        case WrappingMode::Reflect: return std::min(modulo(index, 2 * n), 2 * n - 1 - modulo(index, 2 * n));
        case WrappingMode::Mirror: {
            if (n == 1) return 0;
            const int period = 2 * n - 2, place = modulo(index, period);
            return std::min(place, period - place);
        }
        default: return PixelMap::OUTSIDE;
    }
}

void append_scaled(PixelMap* map, const Tensor& input, const Tensor& output, const std::vector<int>& size,
                   WrappingMode mode, TransformationMode coordinates) {
    // Axis by axis, from a single place on. `own` is where the pixel itself is, which means something only if both
    // shapes are the same.
    struct Place {
        int input, own;
    };
    std::vector<Place> places{{0, 0}};
    for (std::size_t d = 0; d < size.size(); ++d) {
        const int length = input.shape[d + 2];
        const std::vector<int> axis = scaled_axis(length, size[d], output.shape[d + 2], mode, coordinates);
        std::vector<Place> finer;
        finer.reserve(places.size() * axis.size());
        for (const Place& place : places) {
            int own = place.own * length;
            for (const int index : axis) {
                const bool outside = place.input == PixelMap::OUTSIDE || index == PixelMap::OUTSIDE;
                finer.push_back({outside ? PixelMap::OUTSIDE : place.input * length + index, own++});
            }
        }
        places = std::move(finer);
    }
    const bool original = mode == WrappingMode::Original;
    for (const Place& place : places) {
        map->from.push_back(original && place.input == PixelMap::OUTSIDE ? place.own : place.input);
    }
}

Rotate::Rotate(Extent extent, float degrees, Pixel offset)
    : centre{extent.height / 2 + offset.y, extent.width / 2 + offset.x} {
    constexpr double PI = 3.14159265358979323846;
    const float radians = static_cast<float>(-static_cast<double>(degrees) * PI / 180.0);
    sine = std::sin(radians);
    cosine = std::cos(radians);
}

Pixel Rotate::operator()(Pixel p) const {
    const float y = static_cast<float>(p.y - centre.y), x = static_cast<float>(p.x - centre.x);
    return {cut_off(row(y, x) + static_cast<float>(centre.y)), cut_off(column(y, x) + static_cast<float>(centre.x))};
}

Affine::Affine(Extent extent, float degrees, float translate, float scale, float shear)
    : rotation(extent, degrees, {0, 0}),
      down(std::trunc(translate * static_cast<float>(extent.height))),
      right(std::trunc(translate * static_cast<float>(extent.width))),
      scale(scale == 0.0f ? 1.0f : std::max(scale, SMALLEST_SCALE)),
      slant(std::tan(shear * 3.14159265f / 180.0f)) {}

// Each step undone, the last one first.
Pixel Affine::operator()(Pixel p) const {
    const auto centre_y = static_cast<float>(rotation.centre.y), centre_x = static_cast<float>(rotation.centre.x);
    const float y = static_cast<float>(p.y) - centre_y - down, x = static_cast<float>(p.x) - centre_x - right;
    const float row = rotation.row(y, x) / scale, column = rotation.column(y, x) / scale;
    return {cut_off(row + centre_y), cut_off(column - slant * row + centre_x)};
}

void require_affine(const std::string& function, float degrees, float translate, float scale, float shear) {
    constexpr float MANY_TURNS = 1e6f;
    if (!(std::abs(degrees) <= MANY_TURNS && std::abs(translate) <= 1.0f && std::abs(shear) < 90.0f &&
          (scale == 0.0f || (scale >= SMALLEST_SCALE && scale <= 1e3f)))) {
        invalid(function, "an angle of ", degrees, ", translation of ", translate, ", scale of ", scale,
                " and shear of ", shear,
                "; expected at most 1 in the translation, 0 or 0.001 to 1000 in the scale, and ",
                "less than 90 in the shear");
    }
}

void require_images(const std::string& function, const Tensor& input, const Tensor& output) {
    require_ndim(function, &input, 4);
    require_ndim(function, &output, 4);
    if (input.shape[0] != output.shape[0] || input.shape[1] != output.shape[1]) {
        invalid(function, "images of shapes ", input.shape, " and ", output.shape);
    }
    require_values(function, &input);
    if (input.ptr == output.ptr) invalid(function, "the output must not be the input");
}

void require_alike(const std::string& function, const Tensor& input, const Tensor& output) {
    require_images(function, input, output);
    require_same_shape(function, &input, &output);
}

void require_crop(const std::string& function, const Tensor& input, const std::vector<int>& from,
                  const std::vector<int>& to) {
    if (from.size() != 2 || to.size() != 2) invalid(function, "expected corners (y, x), got ", from, " and ", to);
    const Extent extent = extent_of(input);
    const Pixel first{from[0], from[1]}, last{to[0], to[1]};
    if (!extent.holds(first) || !extent.holds(last) || first.y > last.y || first.x > last.x) {
        invalid(function, "corners ", from, " and ", to, " in images of shape ", input.shape);
    }
}

void require_flip_axis(const std::string& function, int axis) {
    if (axis != 0 && axis != 1) invalid(function, "axis ", axis, "; it must be 0 (rows) or 1 (columns)");
}

void require_offset(const std::string& function, const std::vector<int>& offset) {
    constexpr int FAR = 1 << 24;  // as far as floats count pixels
    if (offset.size() != 2 || std::max(offset[0], offset[1]) > FAR || std::min(offset[0], offset[1]) < -FAR) {
        invalid(function, "expected an offset (y, x) of at most ", FAR, " pixels, got ", offset);
    }
}

}  // namespace eddl::image
