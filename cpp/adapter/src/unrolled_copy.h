// The copy of a recurrent net that is unrolled over time (Net::rnet), and computes in its place.
#pragma once

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// After the structure of `net` has changed: makes its unrolled copy anew, for as many time steps, with the sums of
// losses that it held. The copy has the net's parameters, but outputs of its own, whose shapes are the old ones.
// Without memory for it there is none until the next data come, which make it. Does nothing where the net has not been
// unrolled.
void renew_unrolled_copy(Net& net) noexcept;

}  // namespace eddl_prune::adapter
