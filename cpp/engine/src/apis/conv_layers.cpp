// Convolutions.
#include <memory>
#include <vector>

#include "apis/make.h"
#include "eddl/apis/eddl.h"
#include "errors.h"

namespace eddl {

namespace {

// Layers made one behind the other. Unless the last one is taken, all that were made go again.
class Chain {
public:
    layer add(layer made) {
        made_.emplace_back(made);
        return made;
    }

    layer take(layer last) {
        for (auto &l : made_) l.release();
        return last;
    }

    Chain() = default;
    Chain(const Chain &) = delete;
    Chain &operator=(const Chain &) = delete;
    ~Chain() {
        while (!made_.empty()) made_.pop_back();  // children before their parents
    }

private:
    std::vector<std::unique_ptr<Layer>> made_;
};

// What Conv2D takes behind its parent, except for the name.
struct ConvSettings {
    int filters;
    const ints &kernel_size;
    const ints &strides;
    const std::string &padding;
    bool use_bias;
    int groups;
    const ints &dilation_rate;
};

layer conv2d(layer parent, const ConvSettings &s, const std::string &name = "") {
    return Conv2D(parent, s.filters, s.kernel_size, s.strides, s.padding, s.use_bias, s.groups, s.dilation_rate, name);
}

// x · tanh(softplus(x)) of a convolution
layer conv_stm(Chain &chain, layer parent, const ConvSettings &settings, const std::string &name = "") {
    layer x = chain.add(conv2d(parent, settings));
    layer gate = chain.add(Tanh(chain.add(Softplus(x))));
    return chain.add(make<LMult>(x, gate, name));
}

}  // namespace

#define EDDL_DEFINE_CONV(Name, Class)                                                                            \
    layer Name(layer parent, int filters, const ints &kernel_size, const ints &strides, std::string padding,     \
               bool use_bias, int groups, const ints &dilation_rate, std::string name) {                         \
        return make<Class>(parent, filters, kernel_size, strides, padding, ints{}, groups, dilation_rate,        \
                           use_bias, name);                                                                      \
    }
EDDL_DEFINE_CONV(Conv, LConv)
EDDL_DEFINE_CONV(Conv2D, LConv)
EDDL_DEFINE_CONV(Conv3D, LConv3D)
EDDL_DEFINE_CONV(ConvT2D, LConvT2D)
EDDL_DEFINE_CONV(ConvT3D, LConvT3D)
#undef EDDL_DEFINE_CONV

layer Conv1D(layer parent, int filters, ints kernel_size, ints strides, std::string padding, bool use_bias, int groups,
             ints dilation_rate, std::string name) {
    return make<LConv1D>(parent, filters, with_one_column("Conv1D", "a kernel", kernel_size),
                         with_one_column("Conv1D", "strides", strides), padding, ints{}, groups,
                         with_one_column("Conv1D", "dilation", dilation_rate), use_bias, name);
}

layer PointwiseConv2D(layer parent, int filters, const ints &strides, bool use_bias, int groups,
                      const ints &dilation_rate, std::string name) {
    return Conv2D(parent, filters, {1, 1}, strides, "none", use_bias, groups, dilation_rate, name);
}

layer PointwiseConv(layer parent, int filters, const ints &strides, bool use_bias, int groups,
                    const ints &dilation_rate, std::string name) {
    return PointwiseConv2D(parent, filters, strides, use_bias, groups, dilation_rate, name);
}

// One filter a channel. EDDL ignores `padding` here; the engine does what it says.
layer DepthwiseConv2D(layer parent, const ints &kernel_size, const ints &strides, std::string padding, bool use_bias,
                      const ints &dilation_rate, std::string name) {
    if (parent == nullptr || parent->output->shape.size() != 4)
        invalid("DepthwiseConv2D", "expected a parent with output [batch, channels, h, w]");
    const int channels = parent->output->shape[1];
    return Conv2D(parent, channels, kernel_size, strides, padding, use_bias, channels, dilation_rate, name);
}

// ---- with what follows them: one layer each on EDDL's FPGAs, here several, the last of which has the name ----

layer Conv2dActivation(layer parent, std::string act, int filters, const ints &kernel_size, const ints &strides,
                       std::string padding, bool use_bias, int groups, const ints &dilation_rate, std::string name) {
    Chain chain;
    layer x = chain.add(conv2d(parent, {filters, kernel_size, strides, padding, use_bias, groups, dilation_rate}));
    return chain.take(Activation(x, act, {}, name));
}

layer ConvReLU(layer parent, int filters, const ints &kernel_size, const ints &strides, std::string padding,
               bool use_bias, int groups, const ints &dilation_rate, std::string name) {
    return Conv2dActivation(parent, "relu", filters, kernel_size, strides, padding, use_bias, groups, dilation_rate,
                            name);
}

layer ConvSTM(layer parent, int filters, const ints &kernel_size, const ints &strides, std::string padding,
              bool use_bias, int groups, const ints &dilation_rate, std::string name) {
    Chain chain;
    return chain.take(
        conv_stm(chain, parent, {filters, kernel_size, strides, padding, use_bias, groups, dilation_rate}, name));
}

// Of the first layer, plus the second.
layer ConvSTMAdd(const vlayer &layers, int filters, const ints &kernel_size, const ints &strides, std::string padding,
                 bool use_bias, int groups, const ints &dilation_rate, std::string name) {
    if (layers.size() != 2) {
        invalid("ConvSTMAdd", "expected two layers, one to convolve and one to add, received ", layers.size());
    }
    Chain chain;
    layer x = conv_stm(chain, layers[0], {filters, kernel_size, strides, padding, use_bias, groups, dilation_rate});
    return chain.take(Add({x, layers[1]}, name));
}

layer ConvMaxPool(layer parent, int filters, const ints &kernel_size, const ints &conv_strides,
                  std::string conv_padding, const ints &pool_size, const ints &pool_strides, std::string pool_padding,
                  bool use_bias, int groups, const ints &dilation_rate, std::string name) {
    Chain chain;
    layer x = chain.add(
        conv2d(parent, {filters, kernel_size, conv_strides, conv_padding, use_bias, groups, dilation_rate}));
    return chain.take(MaxPool2D(x, pool_size, pool_strides, pool_padding, name));
}

layer ConvReLUMaxPool(layer parent, int filters, const ints &kernel_size, const ints &conv_strides,
                      std::string conv_padding, const ints &pool_size, const ints &pool_strides,
                      std::string pool_padding, bool use_bias, int groups, const ints &dilation_rate,
                      std::string name) {
    Chain chain;
    layer x = chain.add(
        conv2d(parent, {filters, kernel_size, conv_strides, conv_padding, use_bias, groups, dilation_rate}));
    return chain.take(MaxPool2D(chain.add(ReLu(x)), pool_size, pool_strides, pool_padding, name));
}

}  // namespace eddl
