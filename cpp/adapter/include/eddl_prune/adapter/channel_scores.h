// What the parameters of each output channel amount to: the raw material of importance.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// Of one layer: a convolution or dense layer, or a batch norm with scale and shift. One value an output channel.
struct ChannelScores {
    std::string layer;
    std::size_t position = 0;     // in the net
    bool normalises = false;      // a batch norm
    std::size_t weights = 0;      // of a channel, biases excluded; 1 for a batch norm: its scale
    std::vector<double> absolute;  // Σ |w| of these
    std::vector<double> square;    // Σ w²
    // Σ θ·∂L/∂θ of all parameters of the channel, biases and shifts included, L the loss of the last backward pass: the
    // first-order estimate of how much L falls if they all become 0.
    std::vector<double> taylor;
};

// In net order. Throws std::invalid_argument for parameters that are not finite.
std::vector<ChannelScores> channel_scores(Net* net);

// SeReNe's sensitivity of every neuron of all convolutions and dense layers (serene.h, full mode), for the batch that went
// forward last; {position in the net, values}. Throws PruneError where an output has no axis of classes.
std::vector<std::pair<std::size_t, std::vector<float>>> channel_sensitivities(Net* net);

// Throws PruneError where these are not defined, opening with `function`: nets with recurrent layers.
void require_sensitivities(Net* net, const char* function);

}  // namespace eddl_prune::adapter
