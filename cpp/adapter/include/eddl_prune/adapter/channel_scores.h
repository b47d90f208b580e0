// What the parameters of each output channel amount to, and what reads it: the raw material of importance.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// Of one layer with parameters that are its channels' own (channel_parameters in weights.h): a convolution or dense
// layer, a recurrent cell, an embedding, or a batch norm with scale and shift. One value an output channel; an
// embedding's are those of its columns, which are its first channels.
struct ChannelScores {
    std::size_t position = 0;      // in the net
    bool normalises = false;       // a batch norm
    std::size_t weights = 0;       // of a channel, biases excluded; 1 for a batch norm: its scale
    std::vector<double> absolute;  // Σ |w| of these
    std::vector<double> square;    // Σ w²
};

// In net order. Throws std::invalid_argument for parameters that are not finite.
std::vector<ChannelScores> channel_scores(Net* net);

// One value an output channel of layers in a net: {position, values}, ascending.
template <class Value>
using ByPosition = std::vector<std::pair<std::size_t, std::vector<Value>>>;

// Σ w·∂L/∂w over all weights that read a channel, L the loss of the last backward pass, for all layers that are read by
// convolutions, dense layers or recurrent cells (which read their own channels too). Those being linear in what they
// read, it is Σ a·∂L/∂a over the channel's values a, as far as they reach the loss that way: the first-order estimate
// of how much L falls if the channel becomes 0 where it is read. Weights that have no gradients, since they are not
// trained, count as 0. Errors: as channel_scores, and PruneError as NetView for a structure that cannot be changed.
ByPosition<double> channel_gates(Net* net);

// SeReNe's sensitivity of every neuron of all convolutions and dense layers (serene.h, full mode), for the batch that
// went forward last. (The neurons of a dense layer on the last of several axes are no channels.) Throws PruneError
// where an output has no axis of classes.
ByPosition<float> channel_sensitivities(Net* net);

// Throws PruneError where these are not defined, opening with `function`: nets with recurrent layers.
void require_sensitivities(Net* net, const char* function);

}  // namespace eddl_prune::adapter
