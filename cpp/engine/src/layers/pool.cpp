#include <memory>

#include "eddl/layers/pool/layer_pool.h"
#include "layers/common.h"
#include "layers/spatial_sizes.h"
#include "onednn/pooling.h"

using namespace eddl;

namespace {

onednn::PoolShape shape_of(const Layer& layer, const PoolWindowDescriptor& pd) {
    const std::vector<int>& in = layer.input->shape;
    onednn::PoolShape s;
    const int axes = spatial_axes(in);
    s.rank = rank_of(axes);
    s.batch = in[0], s.channels = in[1];
    s.in = spatial_sizes(in);
    s.out = spatial_sizes(layer.output->shape);
    s.window = sizes_of(pd.ksize, axes);
    s.stride = sizes_of(pd.stride, axes);
    s.before = pads_at(pd.pads, axes, Side::before);
    s.after = pads_at(pd.pads, axes, Side::after);
    s.save_memory = layer.mem_level >= LOW_MEMORY;
    return s;
}

}  // namespace

template <typename Descriptor>
PoolLayer<Descriptor>::PoolLayer(Layer* parent, Descriptor* given, int axes, const char* prefix, int& counter,
                                 const std::string& name, int dev, int mem)
    : WindowLayer(name, dev, mem), pd(nullptr) {
    std::unique_ptr<Descriptor> owned(given);
    if (axes == 1) owned->function = "Pool1D";
    fit(&checked_parent(owned->function.c_str(), parent), *owned, axes);
    name_layer(*this, name, prefix, counter);
    pd = owned.release();
    join_graph(*this, {parent});
}

template <typename Descriptor>
PoolLayer<Descriptor>::~PoolLayer() {
    release(pd);
}

template <typename Descriptor>
void PoolLayer<Descriptor>::forward() {
    expect_forward(*this);
    primitives_->forward(shape_of(*this, *pd), input->ptr, output->ptr);
}

template <typename Descriptor>
void PoolLayer<Descriptor>::backward() {
    expect_backward(*this);
    pd->ID = parent[0]->delta;
    primitives_->backward(shape_of(*this, *pd), delta->ptr, pd->ID->ptr);
}

template <typename Descriptor>
std::string PoolLayer<Descriptor>::plot(int c) {
    return graph_node(name, c, "gray", "gray75");
}

template class PoolLayer<PoolDescriptor>;
template class PoolLayer<PoolDescriptor3D>;

#define EDDL_DEFINE_POOL_BASE(Name, Descriptor, axes, prefix)                             \
    int Name::total_layers = 0;                                                           \
    Name::Name(Layer* parent, Descriptor* given, std::string name, int dev, int mem)      \
        : PoolLayer(parent, given, axes, prefix, total_layers, name, dev, mem) {}

EDDL_DEFINE_POOL_BASE(LPool1D, PoolDescriptor, 1, "pool1D")
EDDL_DEFINE_POOL_BASE(LPool, PoolDescriptor, 2, "pool")
EDDL_DEFINE_POOL_BASE(LPool3D, PoolDescriptor3D, 3, "pool3d")

// The base has counted the layer already: EDDL's default names skip every other number, and so do ours.
#define EDDL_DEFINE_POOL(Name, Base, Descriptor, prefix, kind)                                                      \
    Name::Name(Layer* parent, const std::vector<int>& pool_size, const std::vector<int>& strides,                   \
               const std::string& padding, const std::string& name, int dev, int mem)                               \
        : Name(parent, new Descriptor(pool_size, strides, padding, mem), name, dev, mem) {}                         \
    Name::Name(Layer* parent, const std::vector<int>& pool_size, const std::vector<int>& strides,                   \
               const std::vector<int>& padding, const std::string& name, int dev, int mem)                          \
        : Name(parent, new Descriptor(pool_size, strides, padding, mem), name, dev, mem) {}                         \
    Name::Name(Layer* parent, Descriptor* given, const std::string& name, int dev, int mem)                         \
        : Base(parent, given, name, dev, mem) {                                                                     \
        name_layer(*this, name, prefix, total_layers);                                                              \
        primitives_ = std::make_shared<onednn::Pooling>(kind);                                                      \
    }                                                                                                               \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }          \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                                \
        return make_clone(*this, todev, p.at(0), pd->ksize, pd->stride, pd->pads);                                  \
    }

EDDL_DEFINE_POOL(LMaxPool1D, LPool1D, PoolDescriptor, "maxpool1d", onednn::PoolKind::maximum)
EDDL_DEFINE_POOL(LMaxPool, LPool, PoolDescriptor, "maxpool2d", onednn::PoolKind::maximum)
EDDL_DEFINE_POOL(LMaxPool3D, LPool3D, PoolDescriptor3D, "maxpool3d", onednn::PoolKind::maximum)
EDDL_DEFINE_POOL(LAveragePool1D, LPool1D, PoolDescriptor, "avgpool1d", onednn::PoolKind::average)
EDDL_DEFINE_POOL(LAveragePool, LPool, PoolDescriptor, "avgpool", onednn::PoolKind::average)
EDDL_DEFINE_POOL(LAveragePool3D, LPool3D, PoolDescriptor3D, "avgpool3d", onednn::PoolKind::average)
