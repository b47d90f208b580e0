// What stands in a net where a batch norm has become part of the layer before it.
#pragma once

#include "eddl/layers/normalization/layer_normalization.h"
#include "pass_through.h"

namespace eddl_prune::adapter {

// The batch norm retires without parameters.
class FoldedBatchNorm : public PassThrough {
public:
    explicit FoldedBatchNorm(LBatchNorm& norm);
    ~FoldedBatchNorm() override;

    void replace(Net& net) noexcept override;

private:
    LBatchNorm& norm_;
    vtensor parameters_, gradients_;  // the batch norm's, for those who hold them
};

}  // namespace eddl_prune::adapter
