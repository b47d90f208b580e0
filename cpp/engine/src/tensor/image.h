// Image transforms as maps of pixels: every pixel of the output comes from one pixel of the input, or is a constant.
// The transpose, which gradients need, adds every pixel of the output to the one that it came from.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tensor/support.h"

namespace eddl::image {

struct Pixel {
    int y, x;
};

struct Extent {
    int height, width;

    bool holds(Pixel p) const { return p.y >= 0 && p.y < height && p.x >= 0 && p.x < width; }
};

inline Extent extent_of(const Tensor& t) { return {t.shape[2], t.shape[3]}; }

// For every pixel of an output plane (or volume) where it comes from in the input plane. One list for all images of a
// batch, or one after the other for each image.
struct PixelMap {
    static constexpr int OUTSIDE = -1;

    std::ptrdiff_t input_pixels, output_pixels;
    std::vector<int> from;

    bool fits(const Tensor& input, const Tensor& output) const;
    // What comes from outside becomes `fill`, or stays as it is.
    void apply(const Tensor& input, Tensor& output, std::optional<float> fill) const;
    // input += the transpose applied to output
    void apply_back(Tensor& input, const Tensor& output) const;
};

// What a transform does with images of given shapes.
struct Transform {
    std::function<void(const Tensor& input, const Tensor& output)> check;  // std::invalid_argument if they do not fit
    std::function<PixelMap(const Tensor& input, const Tensor& output)> map;
    std::optional<float> fill;
    bool random = false;  // drawn anew for each image

    void operator()(Tensor* input, Tensor* output) const;
};

// A layer's transform. `extents`: the output's spatial lengths, or none if they are the input's.
struct Augmentation {
    Transform transform;
    std::vector<int> extents = {};
};

// `function` is who complains about bad settings, which happens in check. Coordinate pairs are (y, x), corners
// inclusive.
Transform shifting(std::string function, std::vector<int> by, WrappingMode mode, float fill);
Transform rotating(std::string function, float degrees, std::vector<int> offset, WrappingMode mode, float fill);
Transform flipping(std::string function, int axis);
// An output of the input's shape keeps the crop in its place; a smaller one holds the crop alone.
Transform cropping(std::string function, std::vector<int> from, std::vector<int> to, float fill);
Transform cutting_out(std::string function, std::vector<int> from, std::vector<int> to, float fill);
Transform crop_scaling(std::string function, std::vector<int> from, std::vector<int> to);
// About the centre: sheared along x by an angle, scaled, rotated, and moved by a part of height and width. Zeros change
// nothing, in the scale too. Outside is 0.
Transform affine(std::string function, float degrees, float translate, float scale, float shear);
// The input resized to `size` (of images or volumes) and centred in the output.
Transform scaling(std::string function, std::vector<int> size, WrappingMode mode, TransformationMode coordinates,
                  float fill);

// The same, with settings drawn for each image from a range.
using Range = std::vector<float>;
Transform random_shifting(std::string function, Range x, Range y, WrappingMode mode, float fill);
Transform random_rotating(std::string function, Range degrees, std::vector<int> offset, WrappingMode mode, float fill);
Transform random_flipping(std::string function, int axis);
Transform random_cropping(std::string function);
Transform random_cutting_out(std::string function, Range x, Range y, float fill);
Transform random_crop_scaling(std::string function, Range factor);
Transform random_affine(std::string function, Range degrees, Range translate, Range scale, Range shear);
Transform random_scaling(std::string function, Range factor, WrappingMode mode, TransformationMode coordinates,
                         float fill);

// --- what they are made of ---

// The index in [0, n) that stands for any index beyond, or PixelMap::OUTSIDE.
int wrapped(int index, int n, WrappingMode mode);

// Adds to the map the images of `input`, each axis of which is scaled to `size` and centred in `output`.
void append_scaled(PixelMap* map, const Tensor& input, const Tensor& output, const std::vector<int>& size,
                   WrappingMode mode, TransformationMode coordinates);

void require_images(const std::string& function, const Tensor& input, const Tensor& output);
void require_alike(const std::string& function, const Tensor& input, const Tensor& output);  // images of one shape
void require_crop(const std::string& function, const Tensor& input, const std::vector<int>& from,
                  const std::vector<int>& to);
void require_flip_axis(const std::string& function, int axis);
void require_offset(const std::string& function, const std::vector<int>& offset);

// The map of transforms that say for a pixel of the output which pixel of the input it is: one for all images, or one
// each.
template <typename Place>
PixelMap map_of(const Tensor& input, const Tensor& output, const std::vector<Place>& places, WrappingMode mode) {
    const Extent in = extent_of(input), out = extent_of(output);
    PixelMap map{input.stride[1], output.stride[1], {}};
    map.from.reserve(places.size() * static_cast<std::size_t>(map.output_pixels));
    for (const Place& place : places) {
        for (int y = 0; y < out.height; ++y) {
            for (int x = 0; x < out.width; ++x) {
                const Pixel p = place(Pixel{y, x});
                const int row = wrapped(p.y, in.height, mode), column = wrapped(p.x, in.width, mode);
                const bool outside = row == PixelMap::OUTSIDE || column == PixelMap::OUTSIDE;
                const bool original = mode == WrappingMode::Original;
                map.from.push_back(!outside ? row * in.width + column
                                            : original ? y * in.width + x : PixelMap::OUTSIDE);
            }
        }
    }
    return map;
}

struct Shift {
    Pixel by;
    Pixel operator()(Pixel p) const { return {p.y - by.y, p.x - by.x}; }
};

struct Flip {
    Extent extent;
    bool rows, columns;
    Pixel operator()(Pixel p) const {
        return {rows ? extent.height - 1 - p.y : p.y, columns ? extent.width - 1 - p.x : p.x};
    }
};

// `offset` is where the output starts in the input.
struct Crop {
    Pixel from, to, offset;
    bool inverse;  // leave the inside out
    Pixel operator()(Pixel p) const {
        const Pixel q{p.y + offset.y, p.x + offset.x};
        const bool inside = q.y >= from.y && q.y <= to.y && q.x >= from.x && q.x <= to.x;
        return inside != inverse ? q : Pixel{PixelMap::OUTSIDE, PixelMap::OUTSIDE};
    }
};

// The crop stretched over the whole output.
struct CropScale {
    Pixel from, to;
    Extent output;
    Pixel operator()(Pixel p) const {
        return {stretched(p.y, from.y, to.y, output.height), stretched(p.x, from.x, to.x, output.width)};
    }
    static int stretched(std::ptrdiff_t place, int from, int to, int length) {
        return from + static_cast<int>(place * (to - from + 1) / length);
    }
};

// Rotation about the centre, plus an offset.
struct Rotate {
    Pixel centre;
    float sine, cosine;
    Rotate(Extent extent, float degrees, Pixel offset);
    Pixel operator()(Pixel p) const;
    // Coordinates relative to the centre, turned back.
    float row(float y, float x) const { return sine * x + cosine * y; }
    float column(float y, float x) const { return cosine * x - sine * y; }
};

struct Affine {
    Rotate rotation;  // about the centre
    float down, right, scale, slant;
    Affine(Extent extent, float degrees, float translate, float scale, float shear);
    Pixel operator()(Pixel p) const;
};

void require_affine(const std::string& function, float degrees, float translate, float scale, float shear);

}  // namespace eddl::image
