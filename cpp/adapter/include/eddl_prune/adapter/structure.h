// Giving a net the structure that simplification gave to an equal one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// What is peculiar to a sum whose operands have channels of their own.
struct SumStructure {
    std::vector<std::vector<std::int64_t>> sources;  // [operand][channel]: the operand's channel that is added there; -1: none
    std::vector<std::int64_t> constants;             // channels to which a constant is added, ascending
};

// {layer: structure} of a net, without the sums all of whose operands have the sum's channels.
using SumStructures = std::map<std::string, SumStructure>;
SumStructures sum_structures(Net* net);

// Removes these output channels, {layer: channels}, of all kinds of layers, and gives the sums, then, these structures;
// nothing else: constants go nowhere, so that the net computes something else afterwards. Throws std::invalid_argument for an
// unknown layer, for channels that can only go together with others or a structure that does not fit, std::out_of_range
// for a channel that does not exist, PruneError as simplify does; the net is then as it was.
void remove_again(Net* net, const std::map<std::string, std::vector<std::int64_t>>& removed, const SumStructures& sums);

}  // namespace eddl_prune::adapter
