// Which neurons the activation functions let through.
#pragma once

#include <string>
#include <vector>

#include "eddl_prune/adapter/net_view.h"

namespace eddl_prune::adapter {

// For each of the layers and each of its output channels: the part of the batch that went forward last, and of the
// positions, at which the derivative of the activation that follows is not 0. Between the layer and its activations
// there may be what keeps channels apart: batch normalisation, dropout, pooling, padding, flattening, sums and
// concatenations; the positions are the activations'. 1 for all channels of a layer that some other way leads from: to
// an output, or into a layer that mixes channels.
// `scratch`: see BackwardScope.
std::vector<std::vector<float>> activity(const vlayer& layers, const std::vector<WeightedLayer>& of,
                                         std::vector<float>& scratch);

}  // namespace eddl_prune::adapter
