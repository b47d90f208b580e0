// Channels that become 0 and stay.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl_prune/adapter/simplify.h"
#include "eddl_prune/adapter/weights.h"

namespace eddl_prune::adapter {

// Makes channels 0, each with all of its unit (simplify.h), wherever they are read: what remove_channels would leave,
// without changing a shape. All parameters of the channels become 0 (channel_parameters in weights.h). Where something
// else still makes them differ from 0 (a sigmoid; the shift of a group normalisation, which all its groups share;
// constants in a padding), so do the weights that read them. Returns the layers of which parameters became 0 in the
// first way, in net order, with these channels. Moments stay as they are. Errors: those of remove_channels.
PerLayer<std::vector<std::size_t>> zero_coupled_channels(Net* net, const ChannelLists& channels);

}  // namespace eddl_prune::adapter
