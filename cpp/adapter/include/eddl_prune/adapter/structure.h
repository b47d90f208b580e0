// Giving a net the structure that simplification gave to an equal one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// What is peculiar to a sum whose operands have channels of their own.
struct SumStructure {
    // [operand][channel]: the operand's channel that is added there; -1: none
    std::vector<std::vector<std::int64_t>> sources;
    std::vector<std::int64_t> constants;             // channels to which a constant is added, ascending
};

// {layer: structure} of a net, without the sums all of whose operands have the sum's channels.
using SumStructures = std::map<std::string, SumStructure>;
SumStructures sum_structures(Net* net);

using IndexLists = std::map<std::string, std::vector<std::int64_t>>;  // by layer

// Removes these output channels, of all kinds of layers, and gives the sums, then, these structures; nothing else:
// constants go nowhere, so that the net computes something else afterwards. Layers that lose all channels leave; the
// concatenations and sums that read them lose these inputs, and those in `lost_inputs`, numbered as before. Returns the
// owner of the layers that have left (PlanApplier::commit). Throws std::invalid_argument for an unknown layer, for
// channels that can only go together with others, for layers that others cannot do without or a structure that does not
// fit, std::out_of_range for a channel or an input that does not exist, PruneError as simplify does; the net is then as
// it was.
std::shared_ptr<const void> remove_again(Net* net, const IndexLists& removed, const SumStructures& sums,
                                         const IndexLists& lost_inputs);

}  // namespace eddl_prune::adapter
