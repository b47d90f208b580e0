// Convolutions and up-sampling.
#ifndef EDDL_LAYER_CONV_H
#define EDDL_LAYER_CONV_H

#include "eddl/layers/window.h"

// All tensors are in cd and also in params, gradients, output, delta.
template <typename Descriptor>
class ConvLayer : public WindowLayer {
public:
    Descriptor* cd;  // owned

    ~ConvLayer() override;

    void forward() override;
    void backward() override;
    void initialize() override;
    void enable_distributed() override;
    std::string plot(int c) override;

protected:
    // Takes the descriptor. An unnamed layer becomes the counter's next, behind the prefix.
    ConvLayer(Layer* parent, Descriptor* cd, int axes, const char* prefix, int& counter, const std::string& name,
              int dev, int mem);
    WindowDescriptor& descriptor() override { return *cd; }
    void borrow_from(const ConvLayer& original);

private:
    std::shared_ptr<typename Descriptor::Primitives> primitives_;
};

#define EDDL_CONV_LAYER(Name, Descriptor)                                                                       \
    class Name : public ConvLayer<Descriptor> {                                                                 \
    public:                                                                                                     \
        static int total_layers;                                                                                \
        Name(Layer* parent, int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,  \
             const std::string& padding, const std::vector<int>& pads, int groups,                              \
             const std::vector<int>& dilation_rate, bool use_bias, std::string name, int dev, int mem);         \
        Name(Layer* parent, Descriptor* cd, std::string name, int dev, int mem);                                \
        Layer* share(int c, int bs, std::vector<Layer*> p) override;                                            \
        Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;                                 \
        static void reset_name_counter();                                                                       \
    };

EDDL_CONV_LAYER(LConv1D, ConvolDescriptor)
EDDL_CONV_LAYER(LConv, ConvolDescriptor)
EDDL_CONV_LAYER(LConv3D, ConvolDescriptor3D)
EDDL_CONV_LAYER(LConvT2D, ConvolDescriptorT2D)
EDDL_CONV_LAYER(LConvT3D, ConvolDescriptorT3D)
#undef EDDL_CONV_LAYER

// Repeats each row size[0] times and each column size[1] times.
class LUpSampling : public LinLayer {
public:
    static int total_layers;
    std::vector<int> size;
    std::string interpolation;  // only "nearest"

    LUpSampling(Layer* parent, const std::vector<int>& size, std::string interpolation, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

#endif  // EDDL_LAYER_CONV_H
