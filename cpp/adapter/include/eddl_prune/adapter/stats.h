// What a net consists of, layer by layer; and which engine it runs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eddl_prune/adapter/net_view.h"

namespace eddl_prune::adapter {

// What shapes tell.
struct LayerSizes {
    std::string name;
    std::string kind;            // EDDL's class without its L: "Conv", "Dense", "MaxPool", …
    // trainable ones; a bias that the layer does not use is none, nor are running statistics
    std::size_t parameters = 0;
    std::optional<std::size_t> channels;  // extent of the output's channel axis; none for an output without one
    std::uint64_t macs = 0;               // multiply-accumulates a sample; convolutions and dense layers
    std::vector<int> output_shape;        // without the batch
};

// What values tell as well.
struct LayerStats : LayerSizes {
    std::size_t nonzero = 0;                   // of `parameters`, those that are not exactly 0
    // with all weights into them exactly 0; only convolutions and dense layers
    std::optional<std::size_t> dead_channels;
};

// In net order; built and unbuilt nets. The first reads no parameters.
std::vector<LayerSizes> layer_sizes(const NetView& view);
std::vector<LayerStats> layer_stats(Net* net);

struct EngineInfo {
    std::string engine;  // "EDDL" or "embedded"
    std::string version;
    int threads;
};

EngineInfo engine_info();

}  // namespace eddl_prune::adapter
