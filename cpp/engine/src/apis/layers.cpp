#include "eddl/apis/layers.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "apis/checked.h"
#include "apis/make.h"
#include "eddl/apis/eddl.h"
#include "errors.h"

namespace eddl {

namespace {

template <typename Rule, typename... Arguments>
layer initialized_by(layer l, Arguments... arguments) {
    the(l, "initializer").set_initializer(std::unique_ptr<Initializer>(new Rule(arguments...)));
    return l;
}

template <typename Rule, typename... Arguments>
layer regularized_by(layer l, Arguments... arguments) {
    the(l, "regularizer").set_regularizer(std::unique_ptr<Regularizer>(new Rule(arguments...)));
    return l;
}

}  // namespace

layer Input(const ints &shape, std::string name) {
    if (shape.empty() || *std::min_element(shape.begin(), shape.end()) < 1)
        invalid("Input", "expected at least one dimension, all above 0, received ", shape);
    std::unique_ptr<Tensor> tensor(new Tensor(one_sample_of(shape)));
    layer l = make<LInput>(tensor.get(), name);
    tensor.release();
    return l;
}

// ---- activations ----

layer Activation(layer parent, std::string activation, floats params, std::string name) {
    return make<LActivation>(parent, activation, params, name);
}

#define EDDL_ACTIVATION(Name, kind) \
    layer Name(layer parent, std::string name) { return make<LActivation>(parent, kind, floats{}, name); }
EDDL_ACTIVATION(SoftmaxDeprecated, "softmax_deprecated")
EDDL_ACTIVATION(Sigmoid, "sigmoid")
EDDL_ACTIVATION(HardSigmoid, "hard_sigmoid")
EDDL_ACTIVATION(Tanh, "tanh")
EDDL_ACTIVATION(ReLu, "relu")
EDDL_ACTIVATION(Exponential, "exp")
EDDL_ACTIVATION(Softplus, "softplus")
EDDL_ACTIVATION(Softsign, "softsign")
#undef EDDL_ACTIVATION

#define EDDL_ACTIVATION(Name, kind)                                             \
    layer Name(layer parent, float alpha, std::string name) {                   \
        return make<LActivation>(parent, kind, floats{alpha}, name);            \
    }
EDDL_ACTIVATION(ThresholdedReLu, "thresholded_relu")
EDDL_ACTIVATION(LeakyReLu, "leaky_relu")
EDDL_ACTIVATION(Elu, "elu")
EDDL_ACTIVATION(Linear, "linear")
#undef EDDL_ACTIVATION

layer Selu(layer parent, std::string name) {
    constexpr float ALPHA = 1.6732632423543772f, SCALE = 1.0507009873554805f;
    return make<LActivation>(parent, "selu", floats{ALPHA, SCALE}, name);
}

layer Softmax(layer parent, int axis, std::string name) {
    return make<LActivation>(parent, "softmax", floats{static_cast<float>(axis)}, name);
}

// ---- dense, dropout ----

layer Dense(layer parent, int ndim, bool use_bias, std::string name) {
    return make<LDense>(parent, ndim, use_bias, name);
}

layer Dropout(layer parent, float rate, bool iw, std::string name) { return make<LDropout>(parent, rate, iw, name); }

// ---- normalisation ----

layer BatchNormalization(layer parent, float momentum, float epsilon, bool affine, std::string name) {
    return on_image("BatchNormalization", parent,
                    [&](layer image) { return make<LBatchNorm>(image, momentum, epsilon, affine, name); });
}

layer BatchNormalization(layer parent, bool affine, float momentum, float epsilon, std::string name) {
    return BatchNormalization(parent, momentum, epsilon, affine, name);
}

// ---- shapes ----

layer Reshape(layer parent, const ints &shape, std::string name) {
    return make<LReshape>(parent, one_sample_of(shape), name);
}

layer Flatten(layer parent, std::string name) { return Reshape(parent, {-1}, name); }
layer Squeeze(layer parent, int axis, std::string name) { return make<LSqueeze>(parent, axis, name); }
layer Unsqueeze(layer parent, int axis, std::string name) { return make<LUnsqueeze>(parent, axis, name); }
layer Permute(layer l, ints dims, std::string name) { return make<LPermute>(l, dims, name); }

layer Transpose(layer parent, std::string name) {
    if (parent == nullptr || parent->output->shape.size() < 2)
        invalid("Transpose", "expected a parent with at least 2 dimensions");
    ints dims(parent->output->shape.size() - 1);
    std::iota(dims.begin(), dims.end(), 0);
    // A sample of one dimension is its own transpose.
    if (dims.size() >= 2) std::swap(dims[dims.size() - 2], dims[dims.size() - 1]);
    return Permute(parent, dims, name);
}

layer Select(layer l, vstring indices, std::string name) { return make<LSelect>(l, indices, name); }
layer Slice(layer l, vstring indices, std::string name) { return Select(l, indices, name); }

// ---- merges and operators ----

layer Add(const vlayer &layers, std::string name) { return make<LAdd>(layers, name); }
layer Concat(vlayer layers, unsigned int axis, std::string name) { return make<LConcat>(layers, axis, name); }

#define EDDL_MERGE(Name) \
    layer Name(vlayer layers, std::string name) { return make<L##Name>(layers, name); }
EDDL_MERGE(Average)
EDDL_MERGE(MatMul)
EDDL_MERGE(Maximum)
EDDL_MERGE(Minimum)
EDDL_MERGE(Subtract)
#undef EDDL_MERGE

#define EDDL_BINARY_OPERATOR(Name, Class, number_first)                  \
    layer Name(layer l1, layer l2) { return make<Class>(l1, l2, ""); }   \
    layer Name(layer l1, float k) { return make<Class>(l1, k, ""); }     \
    layer Name(float k, layer l1) { return number_first; }
EDDL_BINARY_OPERATOR(Add, LSum, Add(l1, k))
EDDL_BINARY_OPERATOR(Sum, LSum, Sum(l1, k))
EDDL_BINARY_OPERATOR(Mult, LMult, Mult(l1, k))
EDDL_BINARY_OPERATOR(Sub, LDiff, (make<LDiff>(k, l1, "")))
EDDL_BINARY_OPERATOR(Diff, LDiff, Sub(k, l1))
EDDL_BINARY_OPERATOR(Div, LDiv, (make<LDiv>(k, l1, "")))
#undef EDDL_BINARY_OPERATOR

#define EDDL_UNARY_OPERATOR(Name) \
    layer Name(layer l) { return make<L##Name>(l, ""); }
EDDL_UNARY_OPERATOR(Abs)
EDDL_UNARY_OPERATOR(Exp)
EDDL_UNARY_OPERATOR(Log)
EDDL_UNARY_OPERATOR(Log2)
EDDL_UNARY_OPERATOR(Log10)
EDDL_UNARY_OPERATOR(Sqrt)
#undef EDDL_UNARY_OPERATOR

layer Pow(layer l1, float k) { return make<LPow>(l1, k, ""); }
layer Clamp(layer parent, float min, float max, std::string name) { return make<LClamp>(parent, min, max, name); }
layer Clip(layer parent, float min, float max, std::string name) { return Clamp(parent, min, max, name); }

// ---- initialisers and regularisers ----

layer GlorotNormal(layer l, int seed) { return initialized_by<IGlorotNormal>(l, seed); }
layer GlorotUniform(layer l, int seed) { return initialized_by<IGlorotUniform>(l, seed); }
layer HeNormal(layer l, int seed) { return initialized_by<IHeNormal>(l, seed); }
layer HeUniform(layer l, int seed) { return initialized_by<IHeUniform>(l, seed); }
layer RandomNormal(layer l, float m, float s, float seed) {
    return initialized_by<IRandomNormal>(l, m, s, static_cast<int>(seed));
}
layer RandomUniform(layer l, float min, float max, float seed) {
    return initialized_by<IRandomUniform>(l, min, max, static_cast<int>(seed));
}
layer Constant(layer l, float v) { return initialized_by<IConstant>(l, v); }

layer L1(layer l, float l1) { return regularized_by<RL1>(l, l1); }
layer L2(layer l, float l2) { return regularized_by<RL2>(l, l2); }
layer L1L2(layer l, float l1, float l2) { return regularized_by<RL1L2>(l, l1, l2); }

}  // namespace eddl
