// Batch norms that become part of the convolution or dense layer before them: at inference both are one linear
// function, s·(w·x + b) + t = (s·w)·x + (s·b + t) with s = γ/√(variance + ε) and t = β − s·mean, channel by channel.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/adapter/optimizer_state.h"

namespace eddl_prune::adapter {

// A batch norm and the layer that it becomes a part of; or why it does not.
struct BatchNormFold {
    std::size_t norm_position = 0;    // in NetView::layers()
    std::size_t linear_position = 0;  // likewise; where `obstacle` is ""
    bool adds_bias = false;           // the linear layer has none yet
    std::string obstacle;
};

// The net's batch norms are to be folded, but channels may be removed first, knowing that every layer concerned will
// have a bias: so there are three steps. The constructor does all that can fail and changes nothing. begin() gives a
// bias of 0 to the layers that lack one, which leaves all outputs as they are. commit() folds, with the channels that
// there are by then; without it the destructor takes the biases back, and the net is bit for bit what it was.
//
// Moments of the optimizer follow their weights: a velocity is multiplied by s, a mean of gradients divided by it, and
// so on; those of γ and β go. In training the folded net has a plain linear layer: statistics are not followed any
// more.
class BatchNormFolding {
public:
    // The net must outlive it, and parameters must be finite.
    explicit BatchNormFolding(const NetView& view);
    ~BatchNormFolding();
    BatchNormFolding(const BatchNormFolding&) = delete;
    BatchNormFolding& operator=(const BatchNormFolding&) = delete;

    void begin() noexcept;
    void commit() noexcept;

    // Others that change the optimizer between begin() and commit() must do it through this.
    OptimizerState& optimizer_state();

    // Every batch norm of the net, in net order.
    const std::vector<BatchNormFold>& folds() const;

private:
    struct Prepared;
    std::unique_ptr<Prepared> prepared_;
};

}  // namespace eddl_prune::adapter
