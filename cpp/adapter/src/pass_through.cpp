#include "pass_through.h"

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/pool/layer_pool.h"
#include "eddl_prune/adapter/net_view.h"
#include "layer_replacement.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

PassThrough::PassThrough(Layer& old, Layer& source, const std::string& kind)
    : LBypass(&source, kind, old.name, old.dev, old.mem_level), old_(&old) {
    source.detach(this);  // the base class has made it a child
    copy_place(old, *this, 1);
}

PassThrough::~PassThrough() {
    if (!in_place_) {
        parent.clear();  // it does not know of this layer
        return;
    }
    retire(old_);
    if (output->isshared) output->ptr = nullptr;  // the parent's
    delete output;
    output = nullptr;
}

void PassThrough::replace(Net& net) noexcept {
    take_place(net, *old_, *this);
    output->deleteData();
    in_place_ = true;
    follow_parent();
}

void PassThrough::follow_parent() {
    const Tensor& source = *parent.front()->output;
    reshape_alias(*output, source.shape, source.ptr);
}

void PassThrough::forward() {
    // The parent's memory may have moved since resize.
    const Tensor& source = *parent.front()->output;
    if (output->ptr != source.ptr || output->shape != source.shape) follow_parent();
}

void PassThrough::resize(int) { follow_parent(); }

void follow_parents(const vlayer& layers) {
    for (Layer* layer : layers) {
        if (is_view(*layer)) layer->output->updateData(layer->parent.front()->output->ptr);
        if (auto* pass = dynamic_cast<PassThrough*>(layer)) pass->follow_parent();
        if (auto* convolution = dynamic_cast<LConv1D*>(layer))
            convolution->input_reshaped->updateData(convolution->input->ptr);
        if (auto* pool = dynamic_cast<LPool1D*>(layer)) pool->input_reshaped->updateData(pool->input->ptr);
    }
}

}  // namespace eddl_prune::adapter
