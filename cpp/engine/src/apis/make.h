// How the functions that scripts call make layers.
#pragma once

#include <utility>

#include "apis/checked.h"
#include "eddl/apis/layers.h"

namespace eddl {

template <typename Kind, typename... Arguments>
layer make(Arguments &&...arguments) {
    return new Kind(std::forward<Arguments>(arguments)..., DEV_CPU, 0);
}

// Layers on images take [batch, channels, h, w]; EDDL lets [batch, h, w] pass for one channel.
inline layer as_image(const char *function, layer parent) {
    return the(parent, function).output->shape.size() == 3 ? Unsqueeze(parent, 0) : parent;
}

inline ints one_sample_of(ints shape) {
    shape.insert(shape.begin(), 1);
    return shape;
}

}  // namespace eddl
