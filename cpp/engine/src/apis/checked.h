// Scripts may pass None where a net, a layer or a loss belongs.
#pragma once

#include <string>

#include "eddl/apis/types.h"
#include "errors.h"

namespace eddl {

inline Net &the(model net, const char *function) {
    if (net == nullptr) invalid(function, "the net is missing (None)");
    return *net;
}

inline Layer &the(layer l, const char *function) {
    if (l == nullptr) invalid(function, "the layer is missing (None)");
    return *l;
}

inline NetLoss &the(loss l, const char *function) {
    if (l == nullptr) invalid(function, "the loss is missing (None)");
    return *l;
}

}  // namespace eddl
