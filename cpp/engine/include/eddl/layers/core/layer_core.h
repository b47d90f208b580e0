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
    // What it does to each image in inference: where the output's pixels come from, and the value of those that come from
    // outside (nullptr: whatever was there).
    eddl::image::PixelMap map_in_inference() const;
    const float* fill() const;

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

// Row w of E for each word w of the input, [batch, length] (or [batch] where length is 1), side by side: [batch,
// length · dim]. Words outside of the vocabulary count as word 0. mask_zeros: word 0 gives zeros and learns nothing.
class LEmbedding : public LinLayer {
public:
    static int total_layers;
    int dim;
    int vocsize;
    int length;
    bool mask_zeros;
    Tensor *E, *gE, *acc_gE;  // [vocsize, dim]; acc_gE exists only in distributed training
    std::vector<int> sind;    // the last forward's words

    LEmbedding(Layer* parent, int vocsize, int length, int dim, bool mask_zeros, std::string name, int dev, int mem);

    void enable_distributed() override;
    EDDL_LAYER_OVERRIDES
};

// Index j of `axis` is repeated repeats[j] times. Here, unlike in the script's function, axis counts the batch, and so do
// the descriptor's shapes, for a batch of 1.
class LRepeat : public LinLayer {
public:
    static int total_layers;
    RepeatDescriptor* rd;  // owned

    LRepeat(Layer* parent, const std::vector<unsigned int>& repeats, unsigned int axis, std::string name, int dev,
            int mem);
    LRepeat(Layer* parent, unsigned int repeats, unsigned int axis, std::string name, int dev, int mem);
    ~LRepeat() override;

    EDDL_LAYER_OVERRIDES
};

// Dimension d is laid out repeats[d] times in a row; repeats[0], the batch's, is 1.
class LTile : public LinLayer {
public:
    static int total_layers;
    TileDescriptor* td;  // owned; of a batch of 1

    LTile(Layer* parent, const std::vector<int>& repeats, std::string name, int dev, int mem);
    ~LTile() override;

    EDDL_LAYER_OVERRIDES
};

// The smaller of two parents, laid out in the other's shape. A vector goes along the first axis of its length ([3] to
// [3, 28, 28]: a value a channel); otherwise axes are aligned at the end, and those of 1 are repeated. Of the larger
// parent only the shape counts: it is no parent in the graph.
class LBroadcast : public LinLayer {
public:
    static int total_layers;
    TileDescriptor* td;   // owned; of one sample
    bool shapes_swapped;  // the second parent is the smaller one
    Layer* p1;            // the smaller one
    Layer* p2;            // the larger one, or null

    LBroadcast(Layer* parent1, Layer* parent2, std::string name, int dev, int mem);
    // The parent's sample, seen in shape `from`, each axis of which divides that of `to`.
    LBroadcast(Layer* parent, const std::vector<int>& from, const std::vector<int>& to, std::string name, int dev,
               int mem);
    ~LBroadcast() override;

    EDDL_LAYER_OVERRIDES

private:
    void spread(const std::vector<int>& from, const std::vector<int>& to);
};

// Output and delta are the parent's own tensors.
class LBypass : public LinLayer {
public:
    static int total_layers;
    std::string bypass_name;  // of what this layer stands for

    LBypass(Layer* parent, std::string bypass_name, std::string name, int dev, int mem);
    ~LBypass() override;

    void mem_delta() override;
    void free_delta() override;
    void reset() override;
    void resize(int batch) override;
    EDDL_LAYER_OVERRIDES
};

// Cuts the parent before each of `indexes` along an axis (batch not counted, -1: the last) into Select layers. It makes
// them and is no layer of the graph itself; they outlive it.
class LSplit : public LinLayer {
public:
    static int total_layers;
    std::vector<int> indexes;
    int axis;
    std::vector<Layer*> split_layers;
    bool merge_sublayers;  // the Select layers all have the same name

    LSplit(Layer* parent, std::vector<int> indexes, int axis, bool merge_sublayers, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

EDDL_UNAVAILABLE_LAYER(LTensor, LinLayer)
EDDL_UNAVAILABLE_LAYER(LTransform, LinLayer)

#endif  // EDDL_LAYER_CORE_H
