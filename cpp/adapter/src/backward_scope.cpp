#include "eddl_prune/adapter/backward_scope.h"

#include <algorithm>
#include <unordered_set>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl_prune/kernels/elementwise.h"

namespace eddl_prune::adapter {

namespace {

// Children before parents. The parents of the first layers may belong to another net.
vlayer with_parents(const vlayer& layers) {
    vlayer found(layers.rbegin(), layers.rend());
    std::unordered_set<const Layer*> seen(layers.begin(), layers.end());
    for (const Layer* layer : layers)
        for (Layer* parent : layer->parent)
            if (seen.insert(parent).second) found.push_back(parent);
    return found;
}

// The shape alone: what memory the tensor has stays as it is.
void set_batch(Tensor& tensor, int batch) {
    std::vector<int> shape = tensor.shape;
    shape.front() = batch;
    tensor.updateShape(shape);
    tensor.updateSize();
    tensor.updateStrides();
}

int batch_of(const vlayer& layers) {
    int batch = 0;
    for (const Layer* layer : layers) batch = std::max(batch, layer->output->shape.front());
    return batch;
}

// The backward pass of EDDL's convolutions overwrites what it makes their gradients from, the input that forward has
// laid out in columns. Forward also computes the output: another one, if a regularizer has changed the weights since.
void restore_lowered_input([[maybe_unused]] Layer& layer) {
#if !defined(EDDL_EMBEDDED_ENGINE)
    if (dynamic_cast<LConv*>(&layer) != nullptr || dynamic_cast<LConv1D*>(&layer) != nullptr ||
        dynamic_cast<LConv3D*>(&layer) != nullptr)
    {
        const std::vector<float> output(layer.output->ptr, layer.output->ptr + layer.output->size);
        layer.forward();
        std::copy(output.begin(), output.end(), layer.output->ptr);
    }
#endif
}

}  // namespace

BackwardScope::BackwardScope(const vlayer& layers, const vlayer& run, std::vector<float>& scratch)
    : scratch_(scratch), touched_(with_parents(run)) {
    std::size_t size = 0;
    const auto save = [&](Tensor* tensor, Layer* owner) {
        saved_.push_back({tensor, tensor->size, size, owner});
        size += tensor->size;
    };
    for (Layer* layer : touched_)
        if (layer->delta != nullptr) save(layer->delta, layer);
    for (const Layer* layer : run)
        for (Tensor* gradient : layer->gradients) save(gradient, nullptr);
    for (Layer* layer : with_parents(layers))
        if (layer->delta == nullptr) without_delta_.push_back(layer);

    if (scratch_.size() < size) scratch_.resize(size);

    // From here on nothing throws.
    for (const Values& saved : saved_) kernels::copy(scratch_.data() + saved.offset, saved.tensor->ptr, saved.size);
    const int batch = batch_of(layers);
    for (const Layer* layer : layers)
        if (layer->output->shape.front() == 0) {
            set_batch(*layer->output, batch);
            released_.push_back(layer->output);
        }
    for (Layer* layer : run) {
        settings_.push_back({layer, layer->trainable, layer->reg});
        layer->trainable = false;
        layer->reg = nullptr;
    }
}

BackwardScope::~BackwardScope() {
    for (Layer* layer : without_delta_) {
        if (layer->delta == nullptr) continue;
        layer->free_delta();
        // Inputs keep theirs for nets in front of them; here there is none to be fed.
        if (layer->delta != nullptr && layer->mem_level != 0) layer->Layer::free_delta();
    }
    for (const Values& saved : saved_)
        if (saved.owner == nullptr || (saved.owner->delta == saved.tensor && saved.tensor->size == saved.size))
            kernels::copy(saved.tensor->ptr, scratch_.data() + saved.offset, saved.size);
    for (Tensor* output : released_) set_batch(*output, 0);
    for (const Settings& settings : settings_) {
        settings.layer->trainable = settings.trainable;
        settings.layer->reg = settings.regularizer;
    }
}

void BackwardScope::zero_deltas() {
    for (Layer* layer : touched_) {
        if (layer->delta == nullptr) continue;
        // reset() also reaches the layers that some of EDDL's are made of, but does nothing where deltas are freed.
        const bool detached = layer->detached;
        layer->reset();
        layer->detached = detached;
        if (layer->mem_level != 0) layer->delta->fill_(0.0f);
    }
}

Tensor& BackwardScope::delta(Layer* layer) {
    layer->mem_delta();
    return *layer->delta;
}

void BackwardScope::backward(Layer* layer) {
    if (layer->trainable) restore_lowered_input(*layer);
    layer->mem_delta();
    layer->mem_delta_parent();
    layer->backward();
    const bool made_here = std::find(without_delta_.begin(), without_delta_.end(), layer) != without_delta_.end();
    if (layer->mem_level != 0 && made_here) layer->free_delta();
}

}  // namespace eddl_prune::adapter
