// The channel graph of a net, as plain data: what each layer does to channels, and nothing else about it.
//
// A node is a layer with one output; its channels are the indices along the output's first axis after the batch. There
// are only five kinds of operation. Nearly all layers are Derived: a few channel maps say of which input channels each
// output channel is made, and a function says what it is worth where those are constant. Coupling (units.h), constants
// (constants.h) and the plan (plan.h) are found from the maps alone; a new kind of layer needs no new code here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "eddl_prune/graph/connections.h"

namespace eddl_prune::graph {

// Channels from outside.
struct Source {};

// Each output channel is a weighted sum of the input channels of its group, plus a bias: convolution, dense.
struct Linear {
    Connections connections;
    const float* bias = nullptr;  // one an output channel, borrowed; nullptr without a bias
    // Some positions see only part of the taps: zeros are padded, here or by a frame before, or the convolution is
    // transposed. A constant other than 0 then does not stay one.
    bool partial_taps = false;
};

struct ChannelRange {
    std::size_t begin, end;
};

// The q-th block of `out_block` output channels, from `out` on, is made of the q-th block of `in_block` channels, from
// `in` on, of one input. Blocks of one channel each: an activation, an operand of a sum (all channels), of a
// concatenation
// (`out` is its offset), a selection (`in` is its beginning). Flattening: out_block values a channel; the opposite:
// in_block.
struct ChannelMap {
    std::size_t input = 0;  // index into Node::inputs
    std::size_t out = 0, in = 0;
    std::size_t count = 0;  // blocks
    std::size_t out_block = 1, in_block = 1;
    bool coupled = true;  // the channels go together or not at all; otherwise the input is only read (a broadcast)
    bool read = true;     // otherwise only the input's shape counts
    // Where blocks do not follow each other: pair q is made of the output's out_blocks[q]-th and the input's
    // in_blocks[q]-th. Both ascend; empty: the q-th.
    std::vector<std::size_t> out_blocks, in_blocks;
    Flags omitted;  // [output channel], or empty: those of which it says nothing all the same

    ChannelRange output_of(std::size_t pair) const { return range(out, out_block, out_blocks, pair); }
    ChannelRange input_of(std::size_t pair) const { return range(in, in_block, in_blocks, pair); }
    // One past the last output channel that is made.
    std::size_t out_end() const { return count == 0 ? out : output_of(count - 1).end; }
    std::size_t in_end() const { return count == 0 ? in : input_of(count - 1).end; }

    // The input channels that an output channel is made of; empty where the map says nothing of it.
    ChannelRange sources(std::size_t channel) const {
        if (channel < out || channel >= out_end() || (!omitted.empty() && omitted[channel] != 0)) return {0, 0};
        const std::size_t block = out_block == 1 ? channel - out : (channel - out) / out_block;
        if (out_blocks.empty()) return input_of(block);
        const auto found = std::lower_bound(out_blocks.begin(), out_blocks.end(), block);
        if (*found != block) return {0, 0};
        return input_of(static_cast<std::size_t>(found - out_blocks.begin()));
    }

private:
    static ChannelRange range(std::size_t first, std::size_t size, const std::vector<std::size_t>& blocks,
                              std::size_t pair) {
        const std::size_t block = blocks.empty() ? pair : blocks[pair];
        return {first + block * size, first + (block + 1) * size};
    }
};

using Known = std::optional<double>;  // a constant, if it is one

// What a channel is worth at inference, at every position, if its operands (one a map that reads, in their order) are
// worth this; nothing where that is not sure. It may be sure though operands are unknown: 0 times something.
using ValueOf = std::function<Known(const std::vector<Known>& operands, std::size_t channel)>;

// constants[c] + Σ factor · operand over the maps that cover the channel.
ValueOf sum_of(std::vector<ChannelMap> maps, std::vector<double> factors, std::vector<double> constants);

struct Derived {
    std::vector<ChannelMap> maps;
    ValueOf value;
    // Of a sum: what the operands are multiplied by, one a map. Such a layer can do without any channel of an operand
    // that is a constant, and add that itself: its operands need not have the same channels (units.h says whether they
    // may not). Some channels may have no operand at all. Empty for other layers.
    std::vector<double> factors;
    // Of a concatenation or a sum: it may lose those inputs, but not all, whose channels it can do without.
    bool loses_inputs = false;

    // Of a batch norm: what is taken off each channel first, and may as well be less (borrowed); nullptr for others.
    const float* offsets = nullptr;

    // A frame lays zeros around every channel of its one input. Some layers care for what lies inside alone: weighted
    // sums, which see part of their taps at its border, and those whose `value` is told the constants inside (largest
    // values).
    bool is_frame = false;
    bool sees_inside = false;

    bool is_sum() const { return !factors.empty(); }
};

// A recurrent cell. At each time step every output channel is made of the first input's channels, and of this node's
// own channels one step before, that a weight of any gate joins with it. Before the first step these are 0.
struct Recurrent {
    std::vector<Connections> from_inputs, from_states;  // one a gate
    bool has_biases = false;                            // of all gates, which can take up constant inputs
    // samples whose inputs are all 0 are skipped: other values are no weights' affair
    bool watches_inputs = false;
    // A channel stays at 0 for all time where nothing comes into this gate: no weights, no biases (borrowed).
    std::optional<std::size_t> source;
    std::vector<const float*> source_biases;
    // Why all its channels stay as long as the cell does: it begins with states that others give (its second input, if
    // that is a layer), or gives its own to others. "" for other cells.
    std::string states_pass;
};

// Anything that we do not follow: its inputs and its outputs must keep all channels.
struct Opaque {
    std::string reason;
};

using Operation = std::variant<Source, Linear, Derived, Recurrent, Opaque>;

struct Node {
    std::string name;
    std::vector<std::size_t> inputs;  // positions in Graph::nodes(), all before this node's own
    std::size_t channels = 0;
    Operation operation = Source{};
    std::string pin;  // why the output must keep all its channels; "" where it need not
    // channels that are a multiple of this apart go together: a column of several words; 0: none do
    std::size_t period = 0;
    // In the net that a plan leaves (aftermath.h), which goes by the numbers of the one before:
    Flags absent;       // [channel]: gone, and 0 to those who still name it; empty: none is
    Flags lost_inputs;  // [input]: it does without; empty: none

    bool has(std::size_t channel) const { return absent.empty() || absent[channel] == 0; }
    bool reads(std::size_t input) const { return lost_inputs.empty() || lost_inputs[input] == 0; }
    std::size_t present_channels() const {
        return channels - static_cast<std::size_t>(std::count(absent.begin(), absent.end(), 1));
    }
    bool has_left() const { return present_channels() == 0; }
};

class Graph {
public:
    // Appends a node and returns its position. A frame before a weighted sum counts as zeros that it pads. Throws
    // std::invalid_argument where an input does not exist yet or the numbers of channels do not fit the operation.
    std::size_t add(Node node);

    const std::vector<Node>& nodes() const { return nodes_; }
    const Node& operator[](std::size_t position) const { return nodes_[position]; }
    // To change what is not checked, since it only says what has gone.
    Node& operator[](std::size_t position) { return nodes_[position]; }
    std::size_t size() const { return nodes_.size(); }

    // The node that feeds one with a single input.
    std::size_t input_of(std::size_t position) const { return nodes_[position].inputs.front(); }
    // The same, or within the frames that it lays.
    std::size_t inside_of(std::size_t position) const {
        for (const Derived* frame = derived(position); frame != nullptr && frame->is_frame; frame = derived(position))
            position = input_of(position);
        return position;
    }
    const Linear* linear(std::size_t position) const { return std::get_if<Linear>(&nodes_[position].operation); }
    const Recurrent* recurrent(std::size_t position) const {
        return std::get_if<Recurrent>(&nodes_[position].operation);
    }
    const Derived* derived(std::size_t position) const { return std::get_if<Derived>(&nodes_[position].operation); }
    // nullptr also for a derived node that is no sum.
    const Derived* sum(std::size_t position) const {
        const Derived* const found = derived(position);
        return found != nullptr && found->is_sum() ? found : nullptr;
    }

    // Keeps values that nodes borrow, as long as this graph or a copy of it.
    const float* hold(std::shared_ptr<const std::vector<float>> values) {
        held_.push_back(std::move(values));
        return held_.back()->data();
    }

private:
    void check(const Node& node) const;

    std::vector<Node> nodes_;
    std::vector<std::shared_ptr<const std::vector<float>>> held_;
};

// For std::visit with one lambda an operation.
template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace eddl_prune::graph
