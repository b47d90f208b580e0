// Zeroing and measuring the parameters of a net's channels, mostly those of convolutions and dense layers. Every
// function checks all its arguments first and changes nothing where it throws. `names` restricts to some layers;
// nullptr stands for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/kernels/axis.h"

namespace eddl_prune::adapter {

// One value a layer, in net order.
template <class Value>
using PerLayer = std::vector<std::pair<std::string, Value>>;

// A contiguous part of a weight tensor, seen along the output channels that it holds.
struct OutputBlock {
    std::size_t offset = 0;         // of its first weight
    std::size_t first_channel = 0;  // `shape.extent` channels from here on
    kernels::AxisShape shape;
};

// All of them, in order. A grouped transposed convolution has one a group, all other layers have one.
std::vector<OutputBlock> output_blocks(const WeightedLayer& layer);

// Parameters of which each output channel of the layer has its own.
struct ChannelParameter {
    Tensor* tensor = nullptr;
    bool weighs = false;  // a weight, or a batch norm's scale; otherwise a bias, a shift, a constant
    OutputBlock block;
};

// Those of a convolution, dense layer, batch norm, recurrent cell, embedding or uneven sum. An embedding's are those of
// its first word's channels, which are its columns. None for other layers, nor where parameters are all channels'
// alike.
std::vector<ChannelParameter> channel_parameters(Layer* layer, std::size_t position);

// Those of the channels that the block holds, counted from its first.
std::vector<std::size_t> channels_inside(const OutputBlock& block, const std::vector<std::size_t>& channels);

// Zeroes every |w| < limit, and biases likewise if asked; the number newly zeroed.
// Throws std::invalid_argument for a limit that is negative or not finite, an unknown layer, or parameters that are not
// finite.
PerLayer<std::size_t> threshold(Net* net, double limit, bool biases, const std::vector<std::string>* names);

// The L2 norm of all weights into each output channel, biases excluded. Errors: unknown layer.
PerLayer<std::vector<float>> channel_norms(Net* net, const std::vector<std::string>* names);

// Zeroes all weights into the given output channels, and their biases if asked; the number newly zeroed.
// A channel named twice is zeroed once. Throws std::invalid_argument for an unknown layer, std::out_of_range for a
// channel outside [0, out channels).
PerLayer<std::size_t> zero_channels(Net* net, const std::map<std::string, std::vector<std::int64_t>>& channels,
                                    bool biases);

}  // namespace eddl_prune::adapter
