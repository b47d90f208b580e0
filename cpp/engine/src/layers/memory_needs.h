// What a layer's backward reads of the tensors that forward made: all else can go before backward where memory is
// short.
#pragma once

#include <optional>

#include "eddl/layers/layer.h"

namespace eddl {

// Beside deltas, parameters and what the layer keeps to itself.
struct BackwardReads {
    bool input;  // the outputs of its parents
    bool output;
};

// Empty for kinds of layers of which nothing is known here: then both, and its tensors may have other readers, too. A
// layer of a known kind owns its output, writes all of it in forward, and makes it in resize.
std::optional<BackwardReads> backward_reads(const Layer& layer);

}  // namespace eddl
