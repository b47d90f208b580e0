// Giving a net the structure that simplification gave to an equal one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// Removes these output channels, {layer: channels}, of all kinds of layers, and nothing else: constants go nowhere, so that
// the net computes something else afterwards. Throws std::invalid_argument for an unknown layer or for channels that can
// only go together with others, std::out_of_range for a channel that does not exist, PruneError as simplify does; the
// net is then as it was.
void remove_again(Net* net, const std::map<std::string, std::vector<std::int64_t>>& removed);

}  // namespace eddl_prune::adapter
