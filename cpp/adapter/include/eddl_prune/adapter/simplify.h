// Removal of what does not matter, in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "eddl/net/net.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// One layer before and after. Channels are indices along the output's first axis after the batch.
struct LayerRemoval {
    std::string name;
    std::string kind;  // as in LayerStats
    std::vector<std::size_t> inputs;  // positions of the layers that it reads
    std::vector<std::size_t> lost_inputs;  // indices of those that it does without from now on
    std::size_t channels_before = 0, channels_after = 0;  // none after: the layer leaves the net
    std::vector<std::size_t> removed;
    std::size_t parameters_before = 0, parameters_after = 0;  // as in LayerStats
    std::uint64_t macs_before = 0, macs_after = 0;            // likewise
    // What became of constant input channels, in the numbering before removal.
    std::vector<std::size_t> folded;    // moved into the bias, or into the carrier of their group where there is one
    // input channels that stand for them, at most one a group of a grouped convolution
    std::vector<std::size_t> carriers;
};

// Layers that can only lose channels together.
struct GroupRemoval {
    std::vector<std::string> layers;
    std::size_t channels = 0;           // of the first layer that are in the group
    std::size_t parameters = 0;         // that go if this group alone loses what it loses
    std::uint64_t macs = 0;             // likewise
    std::vector<std::size_t> removed;   // channels of the first layer
    std::vector<std::size_t> carriers;  // channels of the first layer that stay to carry constants
    std::vector<graph::Blocker> kept;   // why the others stay
    std::string pinned;                 // why all or some must stay; "" where they need not
};

struct PinnedLayer {
    std::string layer, reason;
};

// A batch norm that becomes part of the layer `into`, or the reason why it does not.
struct FusedBatchNorm {
    std::string batch_norm, into;
    std::string obstacle;  // "" where there is none
};

struct RemovalReport {
    std::vector<LayerRemoval> layers;  // in net order, as are the others
    std::vector<GroupRemoval> groups;
    std::vector<PinnedLayer> pinned;
    std::vector<FusedBatchNorm> batch_norms;  // all that stay, where they were to be fused
    std::shared_ptr<const void> departed;     // owns the layers that have left the net: their handles are valid as long
};

struct RemovalOptions {
    bool fuse_batch_norms = false;  // into the convolution or dense layer before them (batch_norm_folding.h)
    // Whether an operand of a sum may lose channels that the others keep: the sum becomes a layer of ours
    // (uneven_sum.h), which EDDL itself cannot write to ONNX.
    bool uneven_sums = uneven_sums_by_default;

#if defined(EDDL_EMBEDDED_ENGINE)
    static constexpr bool uneven_sums_by_default = true;
#else
    static constexpr bool uneven_sums_by_default = false;
#endif
};

// What simplify would do. Throws std::invalid_argument for null or parameters that are not finite, PruneError for a net
// whose structure cannot be changed (Purpose::structure).
RemovalReport plan_removal(Net* net, RemovalOptions options);

// Removes every channel that no output of the net depends on, or that is constant, so that the net computes the same at
// inference, and the layers of which nothing is needed by concatenations and sums. (In training a batch norm replaces a
// constant by its shift, whatever the running statistics say, and dropout drops carriers as it drops others; there the
// net goes on from equal weights, not from equal outputs.) Built and unbuilt nets; trainable or not. After an exception
// the net is as it was. Views of its tensors' memory become invalid; outputs are undefined until the next forward pass.
RemovalReport simplify(Net* net, RemovalOptions options);

// {layer name: indices of its output channels}
using ChannelLists = std::map<std::string, std::vector<std::int64_t>>;

// What can only be removed together: channels of several layers.
struct RemovalUnit {
    struct Channel {
        std::size_t layer, channel;  // the layer's position in the net
    };
    std::vector<Channel> channels;  // in net order; the first is computed by the unit's first layer
    std::size_t group = 0;          // units of the same layers
    std::string pinned;             // why it must stay; "" where it need not
};

// All of a net, in net order. Errors as of plan_removal.
std::vector<RemovalUnit> removal_units(Net* net);

// Removes live channels, each with all of its unit: the net then computes what it would with these channels 0 wherever
// they are read. Dead channels go too, as simplify removes them. Every layer keeps at least one channel, whose readers'
// weights are 0 if it was to go. plan_channel_removal says what would be done. Errors: those of simplify;
// std::invalid_argument for an unknown layer, std::out_of_range for a channel that the layer does not have, PruneError
// for one that must stay.
RemovalReport plan_channel_removal(Net* net, const ChannelLists& channels, bool uneven_sums);
RemovalReport remove_channels(Net* net, const ChannelLists& channels, bool uneven_sums);

}  // namespace eddl_prune::adapter
