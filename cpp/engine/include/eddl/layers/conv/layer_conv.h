// Convolutions and up-sampling.
#ifndef EDDL_LAYER_CONV_H
#define EDDL_LAYER_CONV_H

#include "eddl/descriptors/descriptors.h"
#include "eddl/layers/declare.h"

// 2-D convolution; all its tensors are in cd and also in params, gradients, output, delta.
class LConv : public LinLayer {
public:
    static int total_layers;
    ConvolDescriptor* cd;  // owned

    LConv(Layer* parent, int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,
          std::string padding, const std::vector<int>& pads, int groups, const std::vector<int>& dilation_rate,
          bool use_bias, std::string name, int dev, int mem);
    // Takes the descriptor.
    LConv(Layer* parent, ConvolDescriptor* cd, std::string name, int dev, int mem);
    ~LConv() override;

    void mem_delta() override;
    void free_delta() override;
    void resize(int batch) override;
    void initialize() override;
    void enable_distributed() override;
    static void reset_name_counter();
    EDDL_LAYER_OVERRIDES

private:
    std::shared_ptr<eddl::onednn::Convolution> primitives_;
};

// Repeats each row size[0] times and each column size[1] times.
class LUpSampling : public LinLayer {
public:
    static int total_layers;
    std::vector<int> size;
    std::string interpolation;  // only "nearest"

    LUpSampling(Layer* parent, const std::vector<int>& size, std::string interpolation, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

EDDL_UNAVAILABLE_LAYER(LConv1D, LinLayer)
EDDL_UNAVAILABLE_LAYER(LConv3D, LinLayer)
EDDL_UNAVAILABLE_LAYER(LConvT2D, LinLayer)
EDDL_UNAVAILABLE_LAYER(LConvT3D, LinLayer)

#endif  // EDDL_LAYER_CONV_H
