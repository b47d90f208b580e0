// Which channels a weighted layer joins, told from where its weights are exactly 0. All scans stop at the first weight
// that answers them, so they read little of a layer that is mostly alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace eddl_prune::graph {

using Flags = std::vector<std::uint8_t>;  // one a channel, 0 or 1

enum class Layout {
    out_in,  // [out, in, taps]: convolution
    in_out,  // [in, out]: dense
};

// A view of a layer's weights, which must outlive it.
struct Connections {
    const float* weights = nullptr;
    Layout layout = Layout::out_in;
    std::size_t out = 0;   // output channels
    std::size_t in = 0;    // input channels
    std::size_t taps = 1;  // weights that join one input channel with one output channel
};

// Sets into[o] where a non-zero weight joins output o with an input that is set in `from`; clears nothing.
void mark_outputs(const Connections& connections, const Flags& from, Flags& into);

// Sets into[i] where a non-zero weight joins input i with an output that is set in `from`; clears nothing.
void mark_inputs(const Connections& connections, const Flags& from, Flags& into);

// sums[o] += Σ_i values[i] · Σ_taps w(o, i) for every o that is set in `outputs`.
void add_weighted_taps(const Connections& connections, const std::vector<double>& values, const Flags& outputs,
                       std::vector<double>& sums);

}  // namespace eddl_prune::graph
