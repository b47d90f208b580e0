#include "folded_batch_norm.h"

#include <utility>

namespace eddl_prune::adapter {

FoldedBatchNorm::FoldedBatchNorm(LBatchNorm& norm)
    : PassThrough(norm, *norm.parent.front(), "batchnorm"), norm_(norm) {}

FoldedBatchNorm::~FoldedBatchNorm() {
    for (const vtensor* tensors : {&parameters_, &gradients_})
        for (Tensor* tensor : *tensors) delete tensor;
}

void FoldedBatchNorm::replace(Net& net) noexcept {
    PassThrough::replace(net);
    parameters_.swap(norm_.params);
    gradients_.swap(norm_.gradients);
    norm_.affine = false;
    norm_.bn_g = norm_.bn_b = norm_.gbn_g = norm_.gbn_b = nullptr;
    delete std::exchange(norm_.opa, nullptr);  // as large as an output
}

}  // namespace eddl_prune::adapter
