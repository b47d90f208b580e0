// Pooling. Maximum: padded cells never win. Average: padded cells count as zeros and the divisor is the whole window.
#ifndef EDDL_LAYER_POOL_H
#define EDDL_LAYER_POOL_H

#include "eddl/layers/window.h"

template <typename Descriptor>
class PoolLayer : public WindowLayer {
public:
    Descriptor* pd;  // owned

    ~PoolLayer() override;

    void forward() override;
    void backward() override;
    std::string plot(int c) override;

protected:
    // Takes the descriptor. An unnamed layer becomes the counter's next, behind the prefix.
    PoolLayer(Layer* parent, Descriptor* pd, int axes, const char* prefix, int& counter, const std::string& name,
              int dev, int mem);
    WindowDescriptor& descriptor() override { return *pd; }

    std::shared_ptr<eddl::onednn::Pooling> primitives_;  // set by the subclass
};

#define EDDL_POOL_BASE(Name, Descriptor)                                                       \
    class Name : public PoolLayer<Descriptor> {                                                \
    public:                                                                                    \
        static int total_layers;                                                               \
        Name(Layer* parent, Descriptor* pd, std::string name, int dev, int mem);               \
    };

EDDL_POOL_BASE(LPool1D, PoolDescriptor)
EDDL_POOL_BASE(LPool, PoolDescriptor)
EDDL_POOL_BASE(LPool3D, PoolDescriptor3D)
#undef EDDL_POOL_BASE

#define EDDL_POOL_LAYER(Name, Base, Descriptor)                                                                   \
    class Name : public Base {                                                                                    \
    public:                                                                                                       \
        Name(Layer* parent, const std::vector<int>& pool_size, const std::vector<int>& strides,                   \
             const std::string& padding, const std::string& name, int dev, int mem);                              \
        Name(Layer* parent, const std::vector<int>& pool_size, const std::vector<int>& strides,                   \
             const std::vector<int>& padding, const std::string& name, int dev, int mem);                         \
        Name(Layer* parent, Descriptor* pd, const std::string& name, int dev, int mem);                           \
        Layer* share(int c, int bs, std::vector<Layer*> p) override;                                              \
        Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;                                   \
    };

EDDL_POOL_LAYER(LMaxPool1D, LPool1D, PoolDescriptor)
EDDL_POOL_LAYER(LMaxPool, LPool, PoolDescriptor)
EDDL_POOL_LAYER(LMaxPool3D, LPool3D, PoolDescriptor3D)
EDDL_POOL_LAYER(LAveragePool1D, LPool1D, PoolDescriptor)
EDDL_POOL_LAYER(LAveragePool, LPool, PoolDescriptor)
EDDL_POOL_LAYER(LAveragePool3D, LPool3D, PoolDescriptor3D)
#undef EDDL_POOL_LAYER

#endif  // EDDL_LAYER_POOL_H
