// Image transforms as maps of pixels. A transform is one function object for each image, or one for all: given a pixel
// (y, x) of the output it returns the pixel of the input that goes there, or OUTSIDE.
#pragma once

#include <vector>

#include "parallel.h"
#include "tensor/support.h"

namespace eddl::image {

struct Pixel {
    int y, x;
};
constexpr Pixel OUTSIDE{-1, -1};

struct Extent {
    int height, width;

    bool holds(Pixel p) const { return p.y >= 0 && p.y < height && p.x >= 0 && p.x < width; }
};

inline Extent extent_of(const Tensor* t) { return {t->shape[2], t->shape[3]}; }

// What the output shows where no input pixel goes.
enum class Fill {
    Value,     // a constant
    Original,  // the input at the same place
    Keep,      // what the output held
};

Fill fill_of(const char* function, WrappingMode mode);
void require_images(const char* function, const Tensor* A, const Tensor* B);

// Positions in an input plane for all pixels of an output plane, -1 where there is none.
template <typename Place>
void locate(Extent input, Extent output, Place place, std::vector<int>* positions) {
    positions->clear();
    for (int y = 0; y < output.height; ++y) {
        for (int x = 0; x < output.width; ++x) {
            const Pixel p = place(Pixel{y, x});
            positions->push_back(input.holds(p) ? p.y * input.width + p.x : -1);
        }
    }
}

// Calls visit(plane of A, plane of B, positions, pixels of B's plane) for every channel of every image.
template <typename Place, typename Visit>
void for_each_plane(Tensor* A, Tensor* B, const std::vector<Place>& places, Visit visit) {
    std::vector<int> positions;
    const std::ptrdiff_t inputs = A->stride[1], outputs = B->stride[1];
    for (int image = 0; image < B->shape[0]; ++image) {
        const std::size_t which = places.size() == 1 ? 0 : static_cast<std::size_t>(image);
        if (image == 0 || which > 0) locate(extent_of(A), extent_of(B), places[which], &positions);
        float* a = A->ptr + std::ptrdiff_t{image} * A->stride[0];
        float* b = B->ptr + std::ptrdiff_t{image} * B->stride[0];
        const int* position = positions.data();
        parallel_for(
            B->shape[1],
            [=](std::ptrdiff_t channel) { visit(a + channel * inputs, b + channel * outputs, position, outputs); },
            outputs);
    }
}

// B = A transformed
template <typename Place>
void transform(const char* function, Tensor* A, Tensor* B, const std::vector<Place>& places, Fill fill,
               float value = 0.0f) {
    require_images(function, A, B);
    if (fill == Fill::Original) require_same_shape(function, A, B);
    for_each_plane(A, B, places, [=](const float* a, float* b, const int* position, std::ptrdiff_t n) {
        for (std::ptrdiff_t i = 0; i < n; ++i) {
            if (position[i] >= 0) {
                b[i] = a[position[i]];
            } else if (fill != Fill::Keep) {
                b[i] = fill == Fill::Value ? value : a[i];
            }
        }
    });
}

// A += B transformed back: each pixel of B goes to the pixel of A that it came from.
template <typename Place>
void transform_back(const char* function, Tensor* A, Tensor* B, const std::vector<Place>& places, Fill fill) {
    require_images(function, A, B);
    if (fill == Fill::Original) require_same_shape(function, A, B);
    for_each_plane(A, B, places, [=](float* a, const float* b, const int* position, std::ptrdiff_t n) {
        for (std::ptrdiff_t i = 0; i < n; ++i) {
            if (position[i] >= 0) {
                a[position[i]] += b[i];
            } else if (fill == Fill::Original) {
                a[i] += b[i];
            }
        }
    });
}

// --- the transforms ---

struct Shift {
    int y, x;
    Pixel operator()(Pixel p) const { return {p.y - y, p.x - x}; }
};

struct Flip {
    Extent extent;
    bool rows, columns;
    Pixel operator()(Pixel p) const {
        return {rows ? extent.height - 1 - p.y : p.y, columns ? extent.width - 1 - p.x : p.x};
    }
};

// Corners inclusive. `offset` is where the output starts in the input.
struct Crop {
    Pixel from, to, offset;
    bool inverse;  // leave the inside out
    Pixel operator()(Pixel p) const {
        const Pixel q{p.y + offset.y, p.x + offset.x};
        const bool inside = q.y >= from.y && q.y <= to.y && q.x >= from.x && q.x <= to.x;
        return inside != inverse ? q : OUTSIDE;
    }
};

// The crop stretched over the whole output.
struct CropScale {
    Pixel from, to;
    Extent output;
    Pixel operator()(Pixel p) const {
        return {from.y + p.y * (to.y - from.y + 1) / output.height, from.x + p.x * (to.x - from.x + 1) / output.width};
    }
};

// Rotation about the centre, plus an offset, by an angle in degrees.
struct Rotate {
    Pixel centre;
    float sine, cosine;
    Rotate(Extent extent, float angle, Pixel offset);
    Pixel operator()(Pixel p) const;
};

// The input resized to `scaled` and centred in the output.
struct Scale {
    Extent input, scaled;
    Pixel offset;
    TransformationMode mode;
    Scale(const char* function, Extent input, Extent scaled, Extent output, TransformationMode mode);
    Pixel operator()(Pixel p) const;
};

}  // namespace eddl::image
