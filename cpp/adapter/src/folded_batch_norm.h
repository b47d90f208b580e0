// What stands in a net where a batch norm has become part of the layer before it.
#pragma once

#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// EDDL's identity layer, with the name, the place and the output tensor of the batch norm. That tensor lies in the memory
// of the parent's output, so that nothing is computed or copied, and every tensor that scripts and layers hold stays what
// it was. The batch norm itself retires into this layer's hands: without parameters, its output still that of the net, so
// that a script's handle of it stays valid as long as the net.
class FoldedBatchNorm : public LBypass {
public:
    // Reads `norm`; neither it nor its neighbours know of this layer before replace().
    explicit FoldedBatchNorm(LBatchNorm& norm);
    ~FoldedBatchNorm() override;

    // Takes the batch norm's place in the net, whose deltas have been freed, and the batch norm. Allocates nothing. Once.
    void replace(Net& net) noexcept;

    void forward() override;
    void resize(int batch) override;

    // Gives the output the shape and the memory that the parent's has now.
    void follow_parent();

private:
    LBatchNorm* norm_;
    bool in_place_ = false;           // from replace() on, what norm_ points to is ours
    vtensor parameters_, gradients_;  // the batch norm's, for those who hold them
};

}  // namespace eddl_prune::adapter
