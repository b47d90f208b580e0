// How the functions that scripts call make layers.
#pragma once

#include <utility>

#include "apis/checked.h"
#include "eddl/apis/layers.h"
#include "errors.h"

namespace eddl {

template <typename Kind, typename... Arguments>
layer make(Arguments &&...arguments) {
    return new Kind(std::forward<Arguments>(arguments)..., DEV_CPU, 0);
}

// Layers on images take [batch, channels, h, w]; EDDL lets [batch, h, w] pass for one channel.
inline layer as_image(const char *function, layer parent) {
    return the(parent, function).output->shape.size() == 3 ? Unsqueeze(parent, 0) : parent;
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
