#include <memory>

#include "eddl/layers/conv/layer_conv.h"
#include "layers/common.h"
#include "layers/spatial_sizes.h"
#include "onednn/convolution.h"
#include "onednn/transposed_convolution.h"

using namespace eddl;

namespace {

// From the tensors themselves: their shapes, and the descriptor, may have changed since the last call.
onednn::ConvShape shape_of(const Layer& layer, const KernelDescriptor& cd) {
    const std::vector<int>& in = layer.input->shape;
    const std::vector<int>& out = layer.output->shape;
    onednn::ConvShape s;
    const int axes = spatial_axes(in);
    s.rank = rank_of(axes);
    s.batch = in[0], s.in_channels = in[1], s.out_channels = out[1];
    s.groups = cd.groups;
    s.in = spatial_sizes(in);
    s.out = spatial_sizes(out);
    s.kernel = sizes_of(cd.K->shape, axes, FIRST_SPATIAL_AXIS);
    s.stride = sizes_of(cd.stride, axes);
    s.dilation = sizes_of(cd.dilation_rate, axes);
    s.before = pads_at(cd.pads, axes, Side::before);
    s.after = pads_at(cd.pads, axes, Side::after);
    s.bias = cd.use_bias;
    s.save_memory = layer.mem_level >= LOW_MEMORY;
    return s;
}

template <typename Descriptor, typename... Arguments>
Descriptor* make_descriptor(int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,
                            const std::string& padding, const std::vector<int>& pads, int groups,
                            const std::vector<int>& dilation_rate, bool use_bias, int mem) {
    if constexpr (std::is_same_v<Descriptor, ConvolDescriptor3D>) {
        return new Descriptor(filters, kernel_size, strides, padding, pads, dilation_rate, use_bias, mem, groups);
    } else {
        return new Descriptor(filters, kernel_size, strides, padding, pads, groups, dilation_rate, use_bias, mem);
    }
}

}  // namespace

template <typename Descriptor>
ConvLayer<Descriptor>::ConvLayer(Layer* parent, Descriptor* given, int axes, const char* prefix, int& counter,
                                 const std::string& name, int dev, int mem)
    : WindowLayer(name, dev, mem), cd(nullptr), primitives_(std::make_shared<typename Descriptor::Primitives>()) {
    std::unique_ptr<Descriptor> owned(given);
    if (axes == 1) owned->function = "Conv1D";
    fit(&checked_parent(owned->function.c_str(), parent), *owned, axes);
    name_layer(*this, name, prefix, counter);
    cd = owned.release();
    params = {cd->K, cd->bias};
    gradients = {cd->gK, cd->gbias};
    join_graph(*this, {parent});
}

template <typename Descriptor>
ConvLayer<Descriptor>::~ConvLayer() {
    release(cd);
}

template <typename Descriptor>
void ConvLayer<Descriptor>::forward() {
    expect_forward(*this);
    primitives_->forward(shape_of(*this, *cd), input->ptr, cd->K->ptr, cd->bias->ptr, output->ptr);
}

template <typename Descriptor>
void ConvLayer<Descriptor>::backward() {
    expect_backward(*this);
    const onednn::ConvShape shape = shape_of(*this, *cd);
    cd->ID = parent[0]->delta;
    if (trainable) {
        primitives_->backward_weights(shape, input->ptr, delta->ptr, cd->gK->ptr, cd->gbias->ptr);
    }
    primitives_->backward_data(shape, cd->K->ptr, delta->ptr, cd->ID->ptr);
    if (trainable && reg != nullptr) reg->apply(cd->K);
}

template <typename Descriptor>
void ConvLayer<Descriptor>::initialize() {
    init->apply(params[0]);
    params[1]->fill_(0.0f);
}

template <typename Descriptor>
void ConvLayer<Descriptor>::enable_distributed() {
    WindowLayer::enable_distributed();
    cd->acc_gK = acc_gradients[0];
    cd->acc_gbias = acc_gradients[1];
}

template <typename Descriptor>
void ConvLayer<Descriptor>::borrow_from(const ConvLayer& original) {
    cd->K = original.cd->K;
    cd->bias = original.cd->bias;
    cd->gK = original.cd->gK;
    cd->gbias = original.cd->gbias;
    cd->acc_gK = original.cd->acc_gK;
    cd->acc_gbias = original.cd->acc_gbias;
}

template <typename Descriptor>
std::string ConvLayer<Descriptor>::plot(int c) {
    return graph_node(name, c, "gray", "White");
}

template class ConvLayer<ConvolDescriptor>;
template class ConvLayer<ConvolDescriptor3D>;
template class ConvLayer<ConvolDescriptorT2D>;
template class ConvLayer<ConvolDescriptorT3D>;

#define EDDL_DEFINE_CONV(Name, Descriptor, axes, prefix)                                                            \
    int Name::total_layers = 0;                                                                                     \
    Name::Name(Layer* parent, int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,    \
               const std::string& padding, const std::vector<int>& pads, int groups,                                \
               const std::vector<int>& dilation_rate, bool use_bias, std::string name, int dev, int mem)            \
        : Name(parent,                                                                                              \
               make_descriptor<Descriptor>(filters, kernel_size, strides, padding, pads, groups, dilation_rate,     \
                                           use_bias, mem),                                                          \
               name, dev, mem) {}                                                                                   \
    Name::Name(Layer* parent, Descriptor* given, std::string name, int dev, int mem)                                \
        : ConvLayer(parent, given, axes, prefix, total_layers, name, dev, mem) {}                                   \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) {                                                      \
        Name* copy = make_shared_copy(*this, c, bs, p);                                                             \
        copy->borrow_from(*this);                                                                                   \
        return copy;                                                                                                \
    }                                                                                                               \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                                \
        return make_clone(*this, todev, p.at(0), cd->filters, cd->kernel_size, cd->strides, cd->padding, cd->pads,  \
                          cd->groups, cd->dilation_rate, cd->use_bias);                                             \
    }                                                                                                               \
    void Name::reset_name_counter() { total_layers = 0; }

EDDL_DEFINE_CONV(LConv1D, ConvolDescriptor, 1, "conv1d")
EDDL_DEFINE_CONV(LConv, ConvolDescriptor, 2, "conv2d")
EDDL_DEFINE_CONV(LConv3D, ConvolDescriptor3D, 3, "conv3d")
EDDL_DEFINE_CONV(LConvT2D, ConvolDescriptorT2D, 2, "convT2d")
EDDL_DEFINE_CONV(LConvT3D, ConvolDescriptorT3D, 3, "convT3d")
