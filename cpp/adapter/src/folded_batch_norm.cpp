#include "folded_batch_norm.h"

#include <algorithm>
#include <utility>

#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

FoldedBatchNorm::FoldedBatchNorm(LBatchNorm& norm)
    : LBypass(norm.parent.front(), "batchnorm", norm.name, norm.dev, norm.mem_level), norm_(&norm) {
    parent.front()->detach(this);  // the base class has made it a child
    net = norm.net;
    trainable = norm.trainable;
    mode = norm.mode;
    delta_bp = norm.delta_bp;
    detached = norm.detached;
    verbosity_level = norm.verbosity_level;
}

FoldedBatchNorm::~FoldedBatchNorm() {
    if (!in_place_) {
        parent.clear();  // it does not know of this layer
        return;
    }
    norm_->output = nullptr;
    norm_->parent.clear();
    delete norm_;
    for (const vtensor* tensors : {&parameters_, &gradients_})
        for (Tensor* tensor : *tensors) delete tensor;
    output->ptr = nullptr;  // the parent's
    delete output;
    output = nullptr;
}

void FoldedBatchNorm::replace(Net& net) noexcept {
    LBatchNorm* const norm = norm_;
    const auto take_place_in = [&](vlayer& layers) {
        std::replace(layers.begin(), layers.end(), static_cast<Layer*>(norm), static_cast<Layer*>(this));
    };
    for (vlayer* layers : {&net.layers, &net.lout, &net.vfts, &net.vbts, &norm->parent.front()->child})
        take_place_in(*layers);
    for (Layer* child_of_norm : norm->child) take_place_in(child_of_norm->parent);
    child.swap(norm->child);
    std::swap(lout, norm->lout);
    std::swap(target, norm->target);
    // The net counts its layers' owners.
    increase_reference_counter();
    norm->decrease_and_get_reference_counter();

    parameters_.swap(norm->params);
    gradients_.swap(norm->gradients);
    norm->affine = false;
    norm->bn_g = norm->bn_b = norm->gbn_g = norm->gbn_b = nullptr;
    delete std::exchange(norm->opa, nullptr);  // as large as an output

    output = norm->output;
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
