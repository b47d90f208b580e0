#include "folded_batch_norm.h"

#include <utility>

#include "layer_replacement.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

FoldedBatchNorm::FoldedBatchNorm(LBatchNorm& norm)
    : LBypass(norm.parent.front(), "batchnorm", norm.name, norm.dev, norm.mem_level), norm_(&norm) {
    parent.front()->detach(this);  // the base class has made it a child
    copy_place(norm, *this);
}

FoldedBatchNorm::~FoldedBatchNorm() {
    if (!in_place_) {
        parent.clear();  // it does not know of this layer
        return;
    }
    retire(norm_);
    for (const vtensor* tensors : {&parameters_, &gradients_})
        for (Tensor* tensor : *tensors) delete tensor;
    output->ptr = nullptr;  // the parent's
    delete output;
    output = nullptr;
}

void FoldedBatchNorm::replace(Net& net) noexcept {
    LBatchNorm* const norm = norm_;
    take_place(net, *norm, *this);
    parameters_.swap(norm->params);
    gradients_.swap(norm->gradients);
    norm->affine = false;
    norm->bn_g = norm->bn_b = norm->gbn_g = norm->gbn_b = nullptr;
    delete std::exchange(norm->opa, nullptr);  // as large as an output

    output->deleteData();
    in_place_ = true;
    follow_parent();
}

void FoldedBatchNorm::follow_parent() {
    const Tensor& source = *parent.front()->output;
    reshape_alias(*output, source.shape, source.ptr);
}

void FoldedBatchNorm::forward() {
    // The parent's memory may have moved since resize.
    const Tensor& source = *parent.front()->output;
    if (output->ptr != source.ptr || output->shape != source.shape) follow_parent();
}

void FoldedBatchNorm::resize(int) { follow_parent(); }

}  // namespace eddl_prune::adapter
