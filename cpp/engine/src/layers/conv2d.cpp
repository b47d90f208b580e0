#include <memory>

#include "eddl/layers/conv/layer_conv.h"
#include "layers/common.h"
#include "onednn/convolution.h"

using namespace eddl;

int LConv::total_layers = 0;

namespace {

// From the tensors themselves: their shapes, and the descriptor, may have changed since the last call.
onednn::ConvShape shape_of(const LConv& layer) {
    const std::vector<int>& in = layer.input->shape;
    const std::vector<int>& out = layer.output->shape;
    const ConvolDescriptor& cd = *layer.cd;
    onednn::ConvShape s;
    s.batch = in[0], s.in_channels = in[1], s.out_channels = out[1];
    s.in = {in[2], in[3]};
    s.out = {out[2], out[3]};
    s.kernel = {cd.K->shape[2], cd.K->shape[3]};
    s.stride = {cd.sr, cd.sc};
    s.dilation = {cd.dilation_rate[0], cd.dilation_rate[1]};
    s.before = {cd.padrt, cd.padcl};
    s.after = {cd.padrb, cd.padcr};
    s.groups = cd.groups;
    s.bias = cd.use_bias;
    s.save_memory = layer.mem_level >= LOW_MEMORY;
    return s;
}

}  // namespace

LConv::LConv(Layer* parent, int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,
             std::string padding, const std::vector<int>& pads, int groups, const std::vector<int>& dilation_rate,
             bool use_bias, std::string name, int dev, int mem)
    : LConv(parent,
            new ConvolDescriptor(filters, kernel_size, strides, padding, pads, groups, dilation_rate, use_bias, mem),
            name, dev, mem) {}

LConv::LConv(Layer* parent, ConvolDescriptor* descriptor, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), cd(nullptr), primitives_(std::make_shared<onednn::Convolution>()) {
    std::unique_ptr<ConvolDescriptor> owned(descriptor);
    input = checked_parent("Conv2D", parent).output;
    expect_ndim("Conv2D", *input, 4);
    owned->build(input);
    name_layer(*this, name, "conv2d", total_layers);

    cd = owned.release();
    output = cd->O;
    params = {cd->K, cd->bias};
    gradients = {cd->gK, cd->gbias};
    join_graph(*this, {parent});
}

LConv::~LConv() { delete cd; }

void LConv::mem_delta() {
    LinLayer::mem_delta();
    cd->D = delta;
}

void LConv::free_delta() {
    LinLayer::free_delta();
    cd->D = nullptr;
}

void LConv::resize(int batch) { cd->resize(batch); }

void LConv::forward() {
    expect_forward(*this);
    primitives_->forward(shape_of(*this), input->ptr, cd->K->ptr, cd->bias->ptr, output->ptr);
}

void LConv::backward() {
    expect_backward(*this);
    const onednn::ConvShape shape = shape_of(*this);
    cd->ID = parent[0]->delta;
    if (trainable) {
        primitives_->backward_weights(shape, input->ptr, delta->ptr, cd->gK->ptr, cd->gbias->ptr);
    }
    primitives_->backward_data(shape, cd->K->ptr, delta->ptr, cd->ID->ptr);
    if (trainable && reg != nullptr) reg->apply(cd->K);
}

void LConv::initialize() {
    init->apply(params[0]);
    params[1]->fill_(0.0f);
}

void LConv::enable_distributed() {
    LinLayer::enable_distributed();
    cd->acc_gK = acc_gradients[0];
    cd->acc_gbias = acc_gradients[1];
}

Layer* LConv::share(int c, int bs, std::vector<Layer*> p) {
    auto* copy = make_shared_copy(*this, c, bs, p);
    copy->cd->K = cd->K;
    copy->cd->bias = cd->bias;
    copy->cd->gK = cd->gK;
    copy->cd->gbias = cd->gbias;
    copy->cd->acc_gK = cd->acc_gK;
    copy->cd->acc_gbias = cd->acc_gbias;
    return copy;
}

Layer* LConv::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), cd->filters, cd->kernel_size, cd->strides, cd->padding, cd->pads,
                      cd->groups, cd->dilation_rate, cd->use_bias);
}

void LConv::reset_name_counter() { total_layers = 0; }

std::string LConv::plot(int c) { return graph_node(name, c, "gray", "White"); }
