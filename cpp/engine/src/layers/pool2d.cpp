#include <memory>

#include "eddl/layers/pool/layer_pool.h"
#include "layers/common.h"
#include "onednn/pooling.h"

using namespace eddl;

int LPool::total_layers = 0;

namespace {

onednn::PoolShape shape_of(const LPool& layer) {
    const std::vector<int>& in = layer.input->shape;
    const std::vector<int>& out = layer.output->shape;
    const PoolDescriptor& pd = *layer.pd;
    onednn::PoolShape s;
    s.batch = in[0], s.channels = in[1];
    s.in = {in[2], in[3]};
    s.out = {out[2], out[3]};
    s.window = {pd.kr, pd.kc};
    s.stride = {pd.sr, pd.sc};
    s.before = {pd.padrt, pd.padcl};
    s.after = {pd.padrb, pd.padcr};
    s.save_memory = layer.mem_level >= LOW_MEMORY;
    return s;
}

}  // namespace

LPool::LPool(Layer* parent, PoolDescriptor* descriptor, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), pd(nullptr) {
    std::unique_ptr<PoolDescriptor> owned(descriptor);
    input = checked_parent("Pool2D", parent).output;
    expect_ndim("Pool2D", *input, 4);
    owned->build(input);
    name_layer(*this, name, "pool", total_layers);

    pd = owned.release();
    output = pd->O;
    join_graph(*this, {parent});
}

LPool::~LPool() { delete pd; }

void LPool::mem_delta() {
    LinLayer::mem_delta();
    pd->D = delta;
}

void LPool::free_delta() {
    LinLayer::free_delta();
    pd->D = nullptr;
}

void LPool::resize(int batch) { pd->resize(batch); }

void LPool::forward() {
    expect_forward(*this);
    primitives_->forward(shape_of(*this), input->ptr, output->ptr);
}

void LPool::backward() {
    expect_backward(*this);
    pd->ID = parent[0]->delta;
    primitives_->backward(shape_of(*this), delta->ptr, pd->ID->ptr);
}

std::string LPool::plot(int c) { return graph_node(name, c, "gray", "gray75"); }

// LPool has counted the layer already: EDDL's default names skip every other number, and so do ours.
#define EDDL_DEFINE_POOL(Name, prefix, kind)                                                                        \
    Name::Name(Layer* parent, const std::vector<int>& pool_size, const std::vector<int>& strides,                   \
               const std::string& padding, const std::string& name, int dev, int mem)                               \
        : Name(parent, new PoolDescriptor(pool_size, strides, padding, mem), name, dev, mem) {}                     \
    Name::Name(Layer* parent, const std::vector<int>& pool_size, const std::vector<int>& strides,                   \
               const std::vector<int>& padding, const std::string& name, int dev, int mem)                          \
        : Name(parent, new PoolDescriptor(pool_size, strides, padding, mem), name, dev, mem) {}                     \
    Name::Name(Layer* parent, PoolDescriptor* descriptor, const std::string& name, int dev, int mem)                \
        : LPool(parent, descriptor, name, dev, mem) {                                                               \
        name_layer(*this, name, prefix, total_layers);                                                              \
        primitives_ = std::make_shared<onednn::Pooling>(kind);                                                      \
    }                                                                                                               \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }          \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                                \
        return make_clone(*this, todev, p.at(0), pd->ksize, pd->stride, pd->pad);                                   \
    }

EDDL_DEFINE_POOL(LMaxPool, "maxpool2d", onednn::PoolKind::maximum)
EDDL_DEFINE_POOL(LAveragePool, "avgpool", onednn::PoolKind::average)
