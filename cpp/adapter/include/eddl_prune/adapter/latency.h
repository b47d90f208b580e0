// How long a net takes to predict, measured.
#pragma once

#include "eddl/net/net.h"
#include "eddl_prune/adapter/simplify.h"

namespace eddl_prune::adapter {

// The median of `repeats` predictions of random samples in seconds, after one that is not counted, on a copy of the net
// from which the channels are removed (none: only what is dead). The net itself is not touched. Throws
// std::invalid_argument for a net that is not built, a batch or a number of repeats below 1; otherwise as
// remove_channels.
double prediction_seconds(Net* net, const ChannelLists& channels, int batch, int repeats);

}  // namespace eddl_prune::adapter
