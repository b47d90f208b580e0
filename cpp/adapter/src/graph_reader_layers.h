// What each kind of layer does to channels.
#pragma once

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/graph/graph.h"

namespace eddl_prune::adapter {

constexpr std::size_t channel_axis = 1;  // of outputs: after the batch

// `weights` describes the layer; its inputs in the graph are its parents, in their order, and behind
// them the layer whose shape a broadcast takes.
graph::Operation read_layer(const Layer& layer, const WeightedLayer& weights);

}  // namespace eddl_prune::adapter
