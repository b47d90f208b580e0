// How the functions that scripts call make layers.
#pragma once

#include <memory>
#include <utility>

#include "apis/checked.h"
#include "eddl/apis/layers.h"
#include "errors.h"

namespace eddl {

template <typename Kind, typename... Arguments>
layer make(Arguments &&...arguments) {
    return new Kind(std::forward<Arguments>(arguments)..., DEV_CPU, 0);
}

// What `make` makes of the parent as an image: layers on images take [batch, channels, h, w], EDDL lets [batch, h, w]
// pass for one channel. Where it refuses, the parent is as it was.
template <typename Make>
layer on_image(const char *function, layer parent, Make make) {
    if (the(parent, function).output->shape.size() != 3) return make(parent);
    std::unique_ptr<Layer> image(Unsqueeze(parent, 0));
    layer made = make(image.get());
    image.release();
    return made;
}

// 1-D layers work on images one column wide: their lists of one size get a 1 for the column.
inline ints with_one_column(const char *function, const char *what, ints sizes) {
    if (sizes.size() != 1 || sizes[0] < 1) {
        invalid(function, "expected ", what, " of one positive number, received ", sizes);
    }
    sizes.push_back(1);
    return sizes;
}

inline ints one_sample_of(ints shape) {
    shape.insert(shape.begin(), 1);
    return shape;
}

}  // namespace eddl
