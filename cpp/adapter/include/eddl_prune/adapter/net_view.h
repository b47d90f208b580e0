// A checked, read-only look at a Net. It owns nothing: every pointer is borrowed from the net and lives as long as the
// net keeps its structure. After a structural change make a new view.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include "eddl/layers/layer.h"
#include "eddl/net/net.h"
#include "eddl/tensor/tensor.h"

namespace eddl_prune::adapter {

// What the caller is about to do with the net; decides how much is checked when the view is made.
enum class Purpose {
    weights,    // read or write values: needs a net on the CPU
    structure,  // change shapes: also needs layers that no other net uses, none of them an unrolled copy
};

// How a layer's weight tensor is laid out.
enum class WeightKind {
    convolution,             // [out, in / groups, …]: one contiguous row an output channel
    transposed_convolution,  // [in, out / groups, …]
    dense,                   // [in, out]: one strided column an output channel
};

// A layer whose weights may be zeroed and removed. Batch normalisation is not one.
struct WeightedLayer {
    Layer* layer = nullptr;
    WeightKind kind = WeightKind::convolution;
    std::size_t position = 0;  // in NetView::layers()
    Tensor* weight = nullptr;
    Tensor* bias = nullptr;  // nullptr where the layer uses none, whatever EDDL has allocated
    Tensor* weight_gradient = nullptr;
    Tensor* bias_gradient = nullptr;  // nullptr exactly where bias is
    std::size_t out_channels = 0;
    std::size_t in_channels = 0;  // that an output channel reads: per group for a grouped convolution
    std::size_t groups = 1;       // of a transposed convolution; elsewhere the layout does not show them
    std::size_t taps = 1;         // kernel positions per (out, in) pair: kh * kw, 1 for dense
    bool trainable = true;

    // Indices into layer->params and the optimizer's per-layer moments.
    static constexpr std::size_t weight_param = 0;
    static constexpr std::size_t bias_param = 1;

    std::size_t weights_per_channel() const { return in_channels * taps; }
    const std::string& name() const { return layer->name; }
};

class NetView {
public:
    // Throws std::invalid_argument for a null net, PruneError with the reason where `purpose` cannot be served.
    // `function` is the name users know; it opens every message.
    NetView(Net* net, const char* function, Purpose purpose = Purpose::weights);

    Net* net() const { return net_; }
    const char* function() const { return function_; }
    bool built() const { return net_->isbuild; }
    Optimizer* optimizer() const { return built() ? net_->optimizer : nullptr; }

    // In EDDL's forward order, built or not.
    const std::vector<Layer*>& layers() const { return net_->layers; }
    // The layers with prunable weights, in the same order.
    const std::vector<WeightedLayer>& weighted() const { return weighted_; }

    // By name. Unknown: std::invalid_argument that lists the allowed names.
    Layer* layer(const std::string& name) const;
    const WeightedLayer& weighted(const std::string& name) const;
    // The named ones in net order, without repetition; all of them where `names` is nullptr.
    std::vector<WeightedLayer> select(const std::vector<std::string>* names) const;
    // Parameters that several layers of the net use: they cannot be changed for one of them.
    std::unordered_set<const Tensor*> shared_parameters() const;

    // Throws std::invalid_argument that names the first layer with a NaN or an infinity among its parameters
    // (batch norm's running statistics included).
    void require_finite() const;

private:
    Net* net_;
    const char* function_;
    std::vector<WeightedLayer> weighted_;
};

// The description of one layer; weight == nullptr where it has no prunable weights.
WeightedLayer describe_weights(Layer* layer, std::size_t position);

// Whether this is a dense layer on the last of several axes: its weights are then all channels' alike, none's own.
bool is_on_last_axis(const WeightedLayer& layer);

// Whether the layer's output is its input's memory with other axes.
bool is_view(const Layer& layer);

// "[8, 1, 5, 5]", for messages.
std::string shape_text(const std::vector<int>& shape);

}  // namespace eddl_prune::adapter
