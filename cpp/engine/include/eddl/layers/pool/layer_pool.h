// Pooling. Maximum: padded cells never win. Average: padded cells count as zeros and the divisor is the whole window.
#ifndef EDDL_LAYER_POOL_H
#define EDDL_LAYER_POOL_H

#include "eddl/descriptors/descriptors.h"
#include "eddl/layers/declare.h"

class LPool : public LinLayer {
public:
    static int total_layers;
    PoolDescriptor* pd;  // owned

    // Takes the descriptor.
    LPool(Layer* parent, PoolDescriptor* pd, std::string name, int dev, int mem);
    ~LPool() override;

    void mem_delta() override;
    void free_delta() override;
    void resize(int batch) override;
    void forward() override;
    void backward() override;
    std::string plot(int c) override;

protected:
    std::shared_ptr<eddl::onednn::Pooling> primitives_;  // set by the subclass
};

#define EDDL_POOL_LAYER(Name)                                                                                     \
    class Name : public LPool {                                                                                   \
    public:                                                                                                       \
        Name(Layer* parent, const std::vector<int>& pool_size, const std::vector<int>& strides,                   \
             const std::string& padding, const std::string& name, int dev, int mem);                              \
        Name(Layer* parent, const std::vector<int>& pool_size, const std::vector<int>& strides,                   \
             const std::vector<int>& padding, const std::string& name, int dev, int mem);                         \
        Name(Layer* parent, PoolDescriptor* pd, const std::string& name, int dev, int mem);                       \
        Layer* share(int c, int bs, std::vector<Layer*> p) override;                                              \
        Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;                                   \
    };

EDDL_POOL_LAYER(LMaxPool)
EDDL_POOL_LAYER(LAveragePool)
#undef EDDL_POOL_LAYER

EDDL_UNAVAILABLE_LAYER(LPool1D, LinLayer)
EDDL_UNAVAILABLE_LAYER(LMaxPool1D, LPool1D)
EDDL_UNAVAILABLE_LAYER(LAveragePool1D, LPool1D)
EDDL_UNAVAILABLE_LAYER(LPool3D, LinLayer)
EDDL_UNAVAILABLE_LAYER(LMaxPool3D, LPool3D)
EDDL_UNAVAILABLE_LAYER(LAveragePool3D, LPool3D)

#endif  // EDDL_LAYER_POOL_H
