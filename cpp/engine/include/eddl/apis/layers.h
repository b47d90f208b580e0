// One function a layer: each makes it on top of its parents and returns it. Shapes and axes leave the batch out.
#ifndef EDDL_APIS_LAYERS_H
#define EDDL_APIS_LAYERS_H

#include <string>
#include <vector>

#include "eddl/apis/types.h"

namespace eddl {

using ints = std::vector<int>;
using floats = std::vector<float>;

layer Input(const ints &shape, std::string name = "");

// Layers with no setting of their own.
#define EDDL_PLAIN_LAYER(Name) layer Name(layer parent, std::string name = "");
EDDL_PLAIN_LAYER(Sigmoid) EDDL_PLAIN_LAYER(HardSigmoid) EDDL_PLAIN_LAYER(Tanh)
EDDL_PLAIN_LAYER(ReLu) EDDL_PLAIN_LAYER(Selu) EDDL_PLAIN_LAYER(Exponential)
EDDL_PLAIN_LAYER(Softplus) EDDL_PLAIN_LAYER(Softsign) EDDL_PLAIN_LAYER(SoftmaxDeprecated)
EDDL_PLAIN_LAYER(Flatten) EDDL_PLAIN_LAYER(Transpose)
EDDL_PLAIN_LAYER(HorizontalFlip) EDDL_PLAIN_LAYER(VerticalFlip)
EDDL_PLAIN_LAYER(RandomHorizontalFlip) EDDL_PLAIN_LAYER(RandomVerticalFlip)
EDDL_PLAIN_LAYER(Grayscale) EDDL_PLAIN_LAYER(RandomGrayscale) EDDL_PLAIN_LAYER(Normalize)
EDDL_PLAIN_LAYER(GlobalMaxPool) EDDL_PLAIN_LAYER(GlobalMaxPool1D)
EDDL_PLAIN_LAYER(GlobalMaxPool2D) EDDL_PLAIN_LAYER(GlobalMaxPool3D)
EDDL_PLAIN_LAYER(GlobalAveragePool) EDDL_PLAIN_LAYER(GlobalAveragePool1D)
EDDL_PLAIN_LAYER(GlobalAveragePool2D) EDDL_PLAIN_LAYER(GlobalAveragePool3D)
EDDL_PLAIN_LAYER(GlobalAvgPool) EDDL_PLAIN_LAYER(GlobalAvgPool1D)
EDDL_PLAIN_LAYER(GlobalAvgPool2D) EDDL_PLAIN_LAYER(GlobalAvgPool3D)
#undef EDDL_PLAIN_LAYER

// Activations.
layer Activation(layer parent, std::string activation, floats params = {}, std::string name = "");
layer Softmax(layer parent, int axis = -1, std::string name = "");
layer ThresholdedReLu(layer parent, float alpha = 1.0f, std::string name = "");
layer LeakyReLu(layer parent, float alpha = 0.01f, std::string name = "");
layer Elu(layer parent, float alpha = 1.0f, std::string name = "");
layer Linear(layer parent, float alpha = 1.0f, std::string name = "");

// Dense, embedding, noise.
layer Dense(layer parent, int ndim, bool use_bias = true, std::string name = "");
layer Embedding(layer parent, int vocsize, int length, int output_dim, bool mask_zeros = false,
                std::string name = "");
layer Dropout(layer parent, float rate, bool iw = true, std::string name = "");
layer GaussianNoise(layer parent, float stddev, std::string name = "");

// Convolutions; what follows the name are the strides and dilations by default.
#define EDDL_CONV(Name, ...)                                                                           \
    layer Name(layer parent, int filters, const ints &kernel_size, const ints &strides = {__VA_ARGS__}, \
               std::string padding = "same", bool use_bias = true, int groups = 1,                     \
               const ints &dilation_rate = {__VA_ARGS__}, std::string name = "");
EDDL_CONV(Conv, 1, 1)
EDDL_CONV(Conv2D, 1, 1)
EDDL_CONV(Conv3D, 1, 1, 1)
EDDL_CONV(ConvT2D, 1, 1)
EDDL_CONV(ConvT3D, 1, 1, 1)
EDDL_CONV(ConvSTM, 1, 1)
EDDL_CONV(ConvReLU, 1, 1)
#undef EDDL_CONV
layer Conv1D(layer parent, int filters, ints kernel_size, ints strides = {1}, std::string padding = "same",
             bool use_bias = true, int groups = 1, ints dilation_rate = {1}, std::string name = "");
layer DepthwiseConv2D(layer parent, const ints &kernel_size, const ints &strides = {1, 1},
                      std::string padding = "same", bool use_bias = true, const ints &dilation_rate = {1, 1},
                      std::string name = "");
#define EDDL_POINTWISE(Name)                                                                               \
    layer Name(layer parent, int filters, const ints &strides = {1, 1}, bool use_bias = true, int groups = 1, \
               const ints &dilation_rate = {1, 1}, std::string name = "");
EDDL_POINTWISE(PointwiseConv)
EDDL_POINTWISE(PointwiseConv2D)
#undef EDDL_POINTWISE

// Convolutions fused with what follows them; EDDL has them on FPGAs only.
layer ConvSTMAdd(const vlayer &layers, int filters, const ints &kernel_size, const ints &strides = {1, 1},
                 std::string padding = "same", bool use_bias = true, int groups = 1,
                 const ints &dilation_rate = {1, 1}, std::string name = "");
layer Conv2dActivation(layer parent, std::string act, int filters, const ints &kernel_size,
                       const ints &strides = {1, 1}, std::string padding = "same", bool use_bias = true,
                       int groups = 1, const ints &dilation_rate = {1, 1}, std::string name = "");
#define EDDL_CONV_POOL(Name)                                                                                    \
    layer Name(layer parent, int filters, const ints &kernel_size, const ints &conv_strides = {1, 1},           \
               std::string conv_padding = "same", const ints &pool_size = {2, 2}, const ints &pool_strides = {2, 2}, \
               std::string pool_padding = "none", bool use_bias = true, int groups = 1,                         \
               const ints &dilation_rate = {1, 1}, std::string name = "");
EDDL_CONV_POOL(ConvMaxPool)
EDDL_CONV_POOL(ConvReLUMaxPool)
#undef EDDL_CONV_POOL

// Pooling; what follows the type are size and strides by default.
#define EDDL_POOL(Name, Ints, ...)                                                                       \
    layer Name(layer parent, Ints pool_size = {__VA_ARGS__}, Ints strides = {__VA_ARGS__},               \
               std::string padding = "none", std::string name = "");
EDDL_POOL(MaxPool, const ints &, 2, 2)
EDDL_POOL(MaxPool1D, ints, 2)
EDDL_POOL(MaxPool2D, ints, 2, 2)
EDDL_POOL(MaxPool3D, ints, 2, 2, 2)
EDDL_POOL(AveragePool, const ints &, 2, 2)
EDDL_POOL(AveragePool1D, ints, 2)
EDDL_POOL(AveragePool2D, ints, 2, 2)
EDDL_POOL(AveragePool3D, ints, 2, 2, 2)
EDDL_POOL(AvgPool, const ints &, 2, 2)
EDDL_POOL(AvgPool1D, ints, 2)
EDDL_POOL(AvgPool2D, ints, 2, 2)
EDDL_POOL(AvgPool3D, ints, 2, 2, 2)
#undef EDDL_POOL

// Normalisation over the batch, or within a sample.
layer BatchNormalization(layer parent, bool affine, float momentum = 0.99f, float epsilon = 0.001f,
                         std::string name = "");
layer BatchNormalization(layer parent, float momentum = 0.99f, float epsilon = 0.001f, bool affine = true,
                         std::string name = "");
layer LayerNormalization(layer parent, bool affine, float epsilon = 0.00001f, std::string name = "");
layer LayerNormalization(layer parent, float epsilon = 0.00001f, bool affine = true, std::string name = "");
layer GroupNormalization(layer parent, int groups, float epsilon = 0.001f, bool affine = true,
                         std::string name = "");
layer Norm(layer parent, float epsilon = 0.001f, std::string name = "");
layer NormMax(layer parent, float epsilon = 0.001f, std::string name = "");
layer NormMinMax(layer parent, float epsilon = 0.001f, std::string name = "");

// Shapes. `da_mode` says what lies outside of an image.
layer Reshape(layer parent, const ints &shape, std::string name = "");
layer Squeeze(layer parent, int axis = -1, std::string name = "");
layer Unsqueeze(layer parent, int axis = 0, std::string name = "");
layer Permute(layer l, ints dims, std::string name = "");
layer Repeat(layer parent, const std::vector<unsigned int> &repeats, unsigned int axis, std::string name = "");
layer Repeat(layer parent, unsigned int repeats, unsigned int axis, std::string name = "");
layer Tile(layer parent, const ints &repeats, std::string name = "");
layer Broadcast(layer parent1, layer parent2, std::string name = "");
layer Bypass(layer parent, std::string bypass_name = "", std::string name = "");
layer Shape(layer parent, bool include_batch = true, std::string name = "");
layer ConstOfTensor(Tensor *t, std::string name = "");
layer Where(layer parent1, layer parent2, layer condition, std::string name = "");
layer Select(layer l, vstring indices, std::string name = "");
layer Slice(layer l, vstring indices, std::string name = "");
layer Expand(layer l, int size, std::string name = "");
vlayer Split(layer l, ints indexes, int axis = -1, bool merge_sublayers = false, std::string name = "");
layer Transform(layer parent, int copy_cpu_to_fpga, int copy_fpga_to_cpu, int transform, int mode,
                std::string name = "");
layer UpSampling(layer parent, const ints &size, std::string interpolation = "nearest", std::string name = "");
layer UpSampling2D(layer parent, const ints &size, std::string interpolation = "nearest", std::string name = "");
#define EDDL_RESIZE(Name)                                                                              \
    layer Name(layer parent, ints new_shape, bool reshape = true, std::string da_mode = "constant",    \
               float constant = 0.0f, std::string coordinate_transformation_mode = "asymmetric",       \
               std::string name = "");
EDDL_RESIZE(UpSampling3D)
EDDL_RESIZE(Resize)
EDDL_RESIZE(Scale)
#undef EDDL_RESIZE

// Image transformations, fixed ones and random ones.
layer Affine(layer parent, float angle = 0, float translate = 0, float scale = 0, float shear = 0,
             std::string name = "");
layer ColorJitter(layer parent, float brightness = 0, float contrast = 0, float saturation = 0, float hue = 0,
                  std::string name = "");
layer Crop(layer parent, ints from_coords, ints to_coords, bool reshape = true, float constant = 0.0f,
           std::string name = "");
layer CenteredCrop(layer parent, ints size, bool reshape = true, float constant = 0.0f, std::string name = "");
layer CropScale(layer parent, ints from_coords, ints to_coords, std::string da_mode = "constant",
                float constant = 0.0f, std::string name = "");
layer Cutout(layer parent, ints from_coords, ints to_coords, float constant = 0.0f, std::string name = "");
layer Flip(layer parent, int axis = 0, std::string name = "");
layer Pad(layer parent, ints padding, float constant = 0.0f, std::string name = "");
layer Rotate(layer parent, float angle, ints offset_center = {0, 0}, std::string da_mode = "original",
             float constant = 0.0f, std::string name = "");
layer Shift(layer parent, ints shift, std::string da_mode = "nearest", float constant = 0.0f, std::string name = "");
layer RandomAffine(layer parent, floats angle, floats translate, floats scale, floats shear, std::string name = "");
layer RandomCrop(layer parent, ints new_shape, std::string name = "");
layer RandomCropScale(layer parent, floats factor, std::string da_mode = "nearest", std::string name = "");
layer RandomCutout(layer parent, floats factor_x, floats factor_y, float constant = 0.0f, std::string name = "");
layer RandomFlip(layer parent, int axis, std::string name = "");
layer RandomRotation(layer parent, floats factor, ints offset_center = {0, 0}, std::string da_mode = "original",
                     float constant = 0.0f, std::string name = "");
layer RandomScale(layer parent, floats factor, std::string da_mode = "nearest", float constant = 0.0f,
                  std::string coordinate_transformation_mode = "asymmetric", std::string name = "");
layer RandomShift(layer parent, floats factor_x, floats factor_y, std::string da_mode = "nearest",
                  float constant = 0.0f, std::string name = "");

// Merges of layers of one shape; Concat's `axis` 0 is the channels.
layer Add(const vlayer &layers, std::string name = "");
layer Concat(vlayer layers, unsigned int axis = 0, std::string name = "");
#define EDDL_MERGE(Name) layer Name(vlayer layers, std::string name = "");
EDDL_MERGE(Average) EDDL_MERGE(MatMul) EDDL_MERGE(Maximum) EDDL_MERGE(Minimum) EDDL_MERGE(Subtract)
#undef EDDL_MERGE

// Operators, element by element. Sum and Diff are older names of Add and Sub.
#define EDDL_BINARY_OPERATOR(Name) \
    layer Name(layer l1, layer l2); \
    layer Name(layer l1, float k);  \
    layer Name(float k, layer l1);
EDDL_BINARY_OPERATOR(Add) EDDL_BINARY_OPERATOR(Sum) EDDL_BINARY_OPERATOR(Sub)
EDDL_BINARY_OPERATOR(Diff) EDDL_BINARY_OPERATOR(Mult) EDDL_BINARY_OPERATOR(Div)
#undef EDDL_BINARY_OPERATOR
layer Abs(layer l);
layer Exp(layer l);
layer Log(layer l);
layer Log2(layer l);
layer Log10(layer l);
layer Sqrt(layer l);
layer Pow(layer l1, float k);
layer Clamp(layer parent, float min, float max, std::string name = "");
layer Clip(layer parent, float min, float max, std::string name = "");

// Reductions.
#define EDDL_REDUCTION(Name) layer Name(layer l, ints axis, bool keepdims = false);
EDDL_REDUCTION(ReduceMean) EDDL_REDUCTION(ReduceVar) EDDL_REDUCTION(ReduceSum)
EDDL_REDUCTION(ReduceMax) EDDL_REDUCTION(ReduceMin) EDDL_REDUCTION(ReduceArgMax)
#undef EDDL_REDUCTION

layer GaussGenerator(float mean, float stdev, ints size);
layer UniformGenerator(float low, float high, ints size);

// Recurrent layers.
layer RNN(layer parent, int units, std::string activation = "tanh", bool use_bias = true,
          bool bidirectional = false, std::string name = "");
#define EDDL_GATED(Name, Parent) \
    layer Name(Parent parent, int units, bool mask_zeros = false, bool bidirectional = false, std::string name = "");
EDDL_GATED(LSTM, layer) EDDL_GATED(LSTM, vlayer) EDDL_GATED(GRU, layer) EDDL_GATED(GRU, vlayer)
#undef EDDL_GATED
layer States(const ints &shape, std::string name = "");
layer GetStates(layer parent);
void setDecoder(layer l);

// How a layer's parameters begin, and how they are held small. They replace what was set before and return `l`.
layer GlorotNormal(layer l, int seed = 1234);
layer GlorotUniform(layer l, int seed = 1234);
layer HeNormal(layer l, int seed = 1234);
layer HeUniform(layer l, int seed = 1234);
layer RandomNormal(layer l, float m = 0.0f, float s = 0.1f, float seed = 1234.0f);
layer RandomUniform(layer l, float min = 0.0f, float max = 0.1f, float seed = 1234.0f);
layer Constant(layer l, float v = 0.1f);
layer L1(layer l, float l1);
layer L2(layer l, float l2);
layer L1L2(layer l, float l1, float l2);

}  // namespace eddl

#endif  // EDDL_APIS_LAYERS_H
