// Convolution of plain tensors [batch, channels, …] with weights [out, in / groups, …], over two or three axes.
#pragma once

#include "onednn/operation.h"
#include "onednn/spatial.h"

namespace eddl::onednn {

struct ConvShape {
    int rank = 2;  // spatial axes: 2 or 3
    int batch = 0, groups = 1;
    int in_channels = 0, out_channels = 0;
    Spatial in{}, out{}, kernel{};
    Spatial stride{}, dilation{};
    Spatial before{}, after{};  // padding
    bool bias = false;
    bool save_memory = false;  // take the batch in parts, so that less of it is in scratch memory at a time

    bool operator==(const ConvShape& other) const;
};

enum class ConvKernel {
    onednn,         // in the layout that oneDNN chooses, or the plain one
    channels_last,  // oneDNN's for tensors with the channels innermost
    direct,         // ours, direct_convolution.h
};

class Convolution {
public:
    // bias is read only if shape.bias.
    void forward(const ConvShape& shape, const float* src, const float* weights, const float* bias, float* dst);
    // dst += …, without bias
    void forward_added(const ConvShape& shape, const float* src, const float* weights, float* dst);
    // diff_src += …
    void backward_data(const ConvShape& shape, const float* weights, const float* diff_dst, float* diff_src);
    // diff_weights += …; diff_bias += … if shape.bias
    void backward_weights(const ConvShape& shape, const float* src, const float* diff_dst, float* diff_weights,
                          float* diff_bias);

private:
    Cached<ConvShape, ConvKernel> forward_kernel_, backward_data_kernel_;
    Cached<ConvShape, Operation> forward_, forward_added_, backward_data_, backward_weights_;
};

}  // namespace eddl::onednn
