// What layers keep beside parameters and gradients that depends on their numbers of channels: outputs and what lies
// beside them, shapes, addresses.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "eddl/layers/layer.h"

namespace eddl_prune::adapter {

struct ShapeChange {
    Layer& layer;
    const std::vector<std::size_t>& keep_in;  // of the first input
    const std::vector<std::size_t>& keep_out;
    bool shrinks_in, shrinks_out;  // any input; the output
};

// Appends what must run, in net order and after parameters have changed, so that the layer computes with its new
// numbers of channels. All that can fail is done here; what is appended does not throw.
void prepare_caches(const ShapeChange& change, std::vector<std::function<void()>>& refreshes);

}  // namespace eddl_prune::adapter
