// Input, dense, activation, shape-changing and selecting layers.
#ifndef EDDL_LAYER_CORE_H
#define EDDL_LAYER_CORE_H

#include "eddl/descriptors/tensor_descriptors.h"
#include "eddl/layers/declare.h"
#include "eddl/utils.h"

// Owns its tensor; input and output are the same object.
class LInput : public LinLayer {
public:
    static int total_layers;

    LInput(Tensor* in, std::string name, int dev, int mem);

    void free_delta() override;
    EDDL_LAYER_OVERRIDES
};

// output = input · W + bias over the last axis; W is [in, out].
class LDense : public LinLayer {
public:
    static int total_layers;
    int ndim;  // outputs
    bool use_bias;
    std::vector<int> inshape, outshape;

    // bias and gbias are null without a bias; the acc_ tensors exist only in distributed training.
    Tensor *W, *gW, *acc_gW;
    Tensor *bias, *gbias, *acc_gbias;

    LDense(Layer* parent, int ndim, bool use_bias, std::string name, int dev, int mem);

    void resize(int batch) override;
    void enable_distributed() override;
    static void reset_name_counter();
    EDDL_LAYER_OVERRIDES

private:
    std::shared_ptr<eddl::onednn::Dense> primitives_;
};

// act: softmax (params: axis, batch included), softmax_deprecated, sigmoid, hard_sigmoid, relu, thresholded_relu (alpha),
// leaky_relu (alpha), elu (alpha), selu (alpha, scale), exp, softplus, softsign, linear (alpha), tanh.
// With delta_bp the incoming delta is already that of the input (softmax under cross entropy).
class LActivation : public LinLayer {
public:
    static int total_layers;
    std::string act;
    std::vector<float> params;  // the activation's own; hides Layer::params, which stays empty

    LActivation(Layer* parent, std::string act, std::vector<float> params, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES

private:
    std::shared_ptr<eddl::onednn::Activation> primitives_;
};

// Output and delta are other views of the parent's memory. The children of such a layer add straight into the parent's
// delta, so forward and backward have nothing to do.
class LView : public LinLayer {
public:
    LView(std::string name, int dev, int mem);
    ~LView() override;

    void mem_delta() override;
    void free_delta() override;
    void resize(int batch) override;
    void forward() override;
    void backward() override;
    std::string plot(int c) override;

protected:
    // Call last in a constructor: it makes the output and registers with the parent.
    void view_of(Layer* parent, const std::vector<int>& shape);
};

// One -1 in `shape` (batch included) stands for what is left.
class LReshape : public LView {
public:
    static int total_layers;
    std::vector<int> ls;  // the output's shape

    LReshape(Layer* parent, std::vector<int> shape, std::string name, int dev, int mem);

    void resize(int batch) override;
    Layer* share(int c, int bs, std::vector<Layer*> p) override;
    Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;
};

// axis does not count the batch; -1 removes every dimension of 1.
class LSqueeze : public LView {
public:
    static int total_layers;
    int axis;

    LSqueeze(Layer* parent, int axis, std::string name, int dev, int mem);

    Layer* share(int c, int bs, std::vector<Layer*> p) override;
    Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;
};

// axis does not count the batch.
class LUnsqueeze : public LView {
public:
    static int total_layers;
    int axis;

    LUnsqueeze(Layer* parent, int axis, std::string name, int dev, int mem);

    Layer* share(int c, int bs, std::vector<Layer*> p) override;
    Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;
};

// Training: output = input · mask, mask 1 with probability 1 - df. Inference: input · (1 - df) if iw, else input.
class LDropout : public LinLayer {
public:
    static int total_layers;
    bool iw;   // weight at inference
    float df;  // probability to drop
    Tensor* mask;

    LDropout(Layer* parent, float df, bool iw, std::string name, int dev, int mem);
    ~LDropout() override;

    void resize(int batch) override;
    EDDL_LAYER_OVERRIDES

private:
    bool masked_ = false;  // whether the last forward applied the mask
};

// indices: one string a dimension, batch not counted.
class LSelect : public LinLayer {
public:
    static int total_layers;
    SelDescriptor* sd;

    LSelect(Layer* l, std::vector<std::string> indices, std::string name, int dev, int mem);
    ~LSelect() override;

    void resize(int batch) override;
    EDDL_LAYER_OVERRIDES
};

// dims: a permutation of the axes, batch not counted.
class LPermute : public LinLayer {
public:
    static int total_layers;
    PermuteDescriptor* sd;

    LPermute(Layer* l, std::vector<int> dims, std::string name, int dev, int mem);
    ~LPermute() override;

    void resize(int batch) override;
    EDDL_LAYER_OVERRIDES
};

// Every output pixel is one input pixel, or a constant: what all layers do that move, flip, cut or scale images. The
// gradient goes back the way that the last forward took. Inputs are images [batch, channels, h, w] (volumes have a depth
// before h): with others the layer can be made, as in EDDL, and says so when it runs.
class LImageTransform : public LinLayer {
public:
    void forward() override;
    void backward() override;
    Layer* share(int c, int bs, std::vector<Layer*> p) override;
    std::string plot(int c) override;

protected:
    // `counter` numbers layers without a name, as `prefix` and the number.
    LImageTransform(Layer* parent, const eddl::image::Augmentation& how, const std::string& name,
                    const std::string& prefix, int& counter, int dev, int mem);

    std::shared_ptr<const eddl::image::Augmentation> how_;

private:
    std::shared_ptr<const eddl::image::PixelMap> map_;  // of the last forward
};

// new_shape is the size of the scaled image; with `reshape` it is the output's size too, otherwise the scaled image is
// centred in the input's size: cut off, or surrounded by what da_mode says.
#define EDDL_SCALING_CLASS(Name, Base)                                                                            \
    class Name : public Base {                                                                                    \
    public:                                                                                                       \
        static int total_layers;                                                                                  \
        std::vector<int> new_shape;                                                                               \
        bool reshape;                                                                                             \
        WrappingMode da_mode;                                                                                     \
        float cval;                                                                                               \
        TransformationMode coordinate_transformation_mode;                                                        \
                                                                                                                  \
        Name(Layer* parent, std::vector<int> new_shape, bool reshape, WrappingMode da_mode, float cval,           \
             TransformationMode coordinate_transformation_mode, std::string name, int dev, int mem);              \
        Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;                                   \
    };
EDDL_SCALING_CLASS(LResize, LImageTransform)
EDDL_SCALING_CLASS(LUpSampling3D, LImageTransform)

EDDL_UNAVAILABLE_LAYER(LTensor, LinLayer)
EDDL_UNAVAILABLE_LAYER(LEmbedding, LinLayer)
EDDL_UNAVAILABLE_LAYER(LRepeat, LinLayer)
EDDL_UNAVAILABLE_LAYER(LTile, LinLayer)
EDDL_UNAVAILABLE_LAYER(LBroadcast, LinLayer)
EDDL_UNAVAILABLE_LAYER(LBypass, LinLayer)
EDDL_UNAVAILABLE_LAYER(LTransform, LinLayer)
EDDL_UNAVAILABLE_LAYER(LSplit, LinLayer)

#endif  // EDDL_LAYER_CORE_H
