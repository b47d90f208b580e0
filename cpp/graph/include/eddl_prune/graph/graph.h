// The channel graph of a net, as plain data: what each layer does to channels, and nothing else about it.
//
// A node is a layer with one output; its channels are the indices along the output's first axis after the batch.
// Each operation says, for its output channels,
//   - which input channels they are (units.h: channels that can only be removed together), and
//   - what they are worth where the input channels are constant (constants.h).
// A new kind of layer is a new operation in the variant; the compiler then names the visitors that must know it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "eddl_prune/graph/connections.h"

namespace eddl_prune::graph {

// Channels from outside.
struct Source {};

// Each output channel is a weighted sum of input channels, plus a bias: convolution, dense.
struct Linear {
    Connections connections;
    const float* bias = nullptr;  // one an output channel, borrowed; nullptr without a bias
    bool zero_padded = false;     // at a border, zeros stand in for values of the input
};

// The same function on every value.
struct Pointwise {
    std::function<double(double)> map;
};

// out[c] = scale[c] · in[c] + shift[c]: batch norm at inference.
struct Affine {
    std::vector<double> scale, shift;
};

// Each value is made of values of the same channel, and a constant channel stays so: pooling. With `zero_border` zeros
// may be among them, so that only a channel of zeros is sure to stay.
struct Window {
    bool zero_border = false;
};

// Input channel i becomes output channels [i · size, (i + 1) · size): flattening.
struct Unfold {
    std::size_t size = 1;
};

// Anything that we do not follow: its inputs and its outputs must keep all channels.
struct Opaque {
    std::string reason;
};

using Operation = std::variant<Source, Linear, Pointwise, Affine, Window, Unfold, Opaque>;

struct Node {
    std::string name;
    std::vector<std::size_t> inputs;  // positions in Graph::nodes(), all before this node's own
    std::size_t channels = 0;
    Operation operation = Source{};
    std::string pin;  // why the output must keep all its channels; "" where it need not
};

class Graph {
public:
    // Appends a node and returns its position. Throws std::invalid_argument where an input does not exist yet or the
    // numbers of channels do not fit the operation.
    std::size_t add(Node node);

    const std::vector<Node>& nodes() const { return nodes_; }
    const Node& operator[](std::size_t position) const { return nodes_[position]; }
    std::size_t size() const { return nodes_.size(); }

    // The node that feeds one with a single input.
    std::size_t input_of(std::size_t position) const { return nodes_[position].inputs.front(); }

private:
    void check(const Node& node) const;

    std::vector<Node> nodes_;
};

// For std::visit with one lambda an operation.
template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace eddl_prune::graph
