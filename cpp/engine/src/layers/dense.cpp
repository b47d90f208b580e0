#include <memory>

#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"
#include "onednn/dense.h"

using namespace eddl;

int LDense::total_layers = 0;

namespace {

// From the tensors themselves: their shapes may have changed since the last call.
onednn::DenseShape shape_of(const LDense& layer) {
    const int in = layer.W->shape[0], out = layer.W->shape[1];
    return {static_cast<int>(layer.input->size / static_cast<unsigned long>(in)), in, out, layer.use_bias};
}

const float* data(const Tensor* tensor) { return tensor == nullptr ? nullptr : tensor->ptr; }

}  // namespace

LDense::LDense(Layer* parent, int ndim, bool use_bias, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), ndim(ndim), use_bias(use_bias), W(nullptr), gW(nullptr), acc_gW(nullptr), bias(nullptr),
      gbias(nullptr), acc_gbias(nullptr), primitives_(std::make_shared<onednn::Dense>()) {
    input = checked_parent("Dense", parent).output;
    if (ndim < 1) invalid("Dense", "expected at least 1 unit, received ", ndim);
    if (input->ndim < 2) invalid("Dense", "expected a batch and at least one dimension, received shape ", input->shape);
    name_layer(*this, name, "dense", total_layers);

    inshape = input->shape;
    outshape = inshape;
    outshape.back() = ndim;
    output = new Tensor(outshape, dev);

    params.push_back(W = new Tensor({inshape.back(), ndim}, dev));
    gradients.push_back(gW = new Tensor({inshape.back(), ndim}, dev));
    if (use_bias) {
        params.push_back(bias = new Tensor({ndim}, dev));
        gradients.push_back(gbias = new Tensor({ndim}, dev));
    }
    join_graph(*this, {parent});
}

void LDense::resize(int batch) {
    output->resize(batch);
    inshape[0] = outshape[0] = batch;
}

void LDense::forward() {
    expect_forward(*this);
    primitives_->forward(shape_of(*this), input->ptr, W->ptr, data(bias), output->ptr);
}

void LDense::backward() {
    expect_backward(*this);
    const onednn::DenseShape shape = shape_of(*this);
    if (trainable) {
        primitives_->backward_weights(shape, input->ptr, delta->ptr, gW->ptr, gbias == nullptr ? nullptr : gbias->ptr);
    }
    primitives_->backward_data(shape, W->ptr, delta->ptr, parent[0]->delta->ptr);
    if (trainable && reg != nullptr) reg->apply(W);
}

void LDense::enable_distributed() {
    LinLayer::enable_distributed();
    acc_gW = acc_gradients[0];
    if (use_bias) acc_gbias = acc_gradients[1];
}

Layer* LDense::share(int c, int bs, std::vector<Layer*> p) {
    auto* copy = make_shared_copy(*this, c, bs, p);
    copy->W = W;
    copy->gW = gW;
    copy->acc_gW = acc_gW;
    copy->bias = bias;
    copy->gbias = gbias;
    copy->acc_gbias = acc_gbias;
    copy->primitives_ = primitives_;
    return copy;
}

Layer* LDense::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), ndim, use_bias);
}

void LDense::reset_name_counter() { total_layers = 0; }

std::string LDense::plot(int c) { return graph_node(name, c, "bisque4", "White"); }
