// Which channels a weighted layer joins, told from where its weights are exactly 0. All scans stop at the first weight
// that answers them, so they read little of a layer that is mostly alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace eddl_prune::graph {

using Flags = std::vector<std::uint8_t>;  // one a channel, 0 or 1

enum class Layout {
    out_in,  // [out, in / groups, taps]: convolution
    in_out,  // [in, out / groups, taps]: dense, transposed convolution
};

// Weights that are no longer those in memory.
struct Edits {
    struct Column {
        std::size_t input;
        std::vector<float> weights;  // [outputs of its group][taps], whichever the layout
    };

    Flags cleared_inputs, cleared_outputs;  // one each: all its weights are 0
    std::vector<Column> columns;            // of inputs, also of cleared ones; 0 for cleared outputs
};

// A view of a layer's weights, which must outlive it. Group g joins the g-th part of the inputs with the g-th part of
// the outputs; 1 group joins all with all, as many as inputs is a depthwise convolution.
struct Connections {
    const float* weights = nullptr;
    Layout layout = Layout::out_in;
    std::size_t out = 0;   // output channels
    std::size_t in = 0;    // input channels
    std::size_t taps = 1;  // weights that join one input channel with one output channel
    std::size_t groups = 1;
    std::shared_ptr<const Edits> edits = nullptr;  // none

    std::size_t group_out() const { return out / groups; }
    std::size_t group_in() const { return in / groups; }
    std::size_t size() const { return out * group_in() * taps; }
};

// Where the weight that joins input i with output o, of the same group, at a tap lies in `weights`, edits apart.
inline std::size_t weight_offset(const Connections& c, std::size_t o, std::size_t i, std::size_t tap) {
    const std::size_t pair =
        c.layout == Layout::out_in ? o * c.group_in() + i % c.group_in() : i * c.group_out() + o % c.group_out();
    return pair * c.taps + tap;
}

// Sets into[o] where a non-zero weight joins output o with an input that is set in `from`; clears nothing.
void mark_outputs(const Connections& connections, const Flags& from, Flags& into);

// Sets into[i] where a non-zero weight joins input i with an output that is set in `from`; clears nothing.
void mark_inputs(const Connections& connections, const Flags& from, Flags& into);

// sums[o] += Σ_i values[i] · Σ_taps w(o, i) for every o that is set in `outputs`.
void add_weighted_taps(const Connections& connections, const std::vector<double>& values, const Flags& outputs,
                       std::vector<double>& sums);

}  // namespace eddl_prune::graph
