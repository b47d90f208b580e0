// Normalisation, over the batch or within each sample.
#ifndef EDDL_LAYER_NORMALIZATION_H
#define EDDL_LAYER_NORMALIZATION_H

#include "eddl/layers/declare.h"

// Input [batch, dim] or [batch, channels, h, w]; statistics per dim or channel. Training: the batch's mean and (biased)
// variance, and running = momentum · running + (1 - momentum) · batch. Inference: the running ones.
// params: scale, shift (if affine), then the running mean and variance, which are not trainable.
class LBatchNorm : public LinLayer {
public:
    static int total_layers;
    float momentum;
    float epsilon;
    bool affine;
    Tensor *mean, *variance;     // running statistics
    Tensor *bn_mean, *bn_var;    // statistics used by the last forward
    Tensor *bn_g, *bn_b;         // scale and shift; null unless affine
    Tensor *gbn_g, *gbn_b;       // their gradients
    Tensor *opa, *work1, *work2;  // EDDL's work space; this engine needs none: null
    std::vector<int> shape;      // {channels}

    LBatchNorm(Layer* parent, float momentum, float epsilon, bool affine, std::string name, int dev, int mem);
    ~LBatchNorm() override;

    void initialize() override;
    void resize(int batch) override;
    int get_trainable_params_count() override;
    EDDL_LAYER_OVERRIDES

private:
    std::shared_ptr<eddl::onednn::BatchNorm> primitives_;
    bool batch_statistics_ = true;  // of the last forward
};

// Each sample, taken as one row, is brought to mean 0 and variance 1 (biased; epsilon is added), then scaled and shifted
// element by element. params: scale, shift (if affine; one value an element of the sample), then mean and deviation
// of the last forward's samples, which are not trainable and as many as the batch has samples.
class LLayerNorm : public LinLayer {
public:
    static int total_layers;
    float epsilon;
    bool affine;
    Tensor *mean, *variance;  // of each sample, by the last forward; EDDL's `variance` is the square root, epsilon included
    Tensor *bn_g, *bn_b;      // scale and shift; null unless affine
    Tensor *gbn_g, *gbn_b;    // their gradients

    LLayerNorm(Layer* parent, float epsilon, bool affine, std::string name, int dev, int mem);

    void initialize() override;
    void resize(int batch) override;
    int get_trainable_params_count() override;
    EDDL_LAYER_OVERRIDES

private:
    std::shared_ptr<eddl::RowNorm> norm_;
};

// Input [batch, channels, …]. Each group of neighbouring channels is normalised as a row. Scale and shift have one value a
// channel within its group, [channels / groups], which all groups share, as in EDDL.
class LGroupNorm : public LinLayer {
public:
    static int total_layers;
    float epsilon;
    bool affine;
    int groups;
    Tensor *bn_g, *bn_b;    // null unless affine
    Tensor *gbn_g, *gbn_b;

    LGroupNorm(Layer* parent, int groups, float epsilon, bool affine, std::string name, int dev, int mem);

    void initialize() override;
    EDDL_LAYER_OVERRIDES

private:
    std::shared_ptr<eddl::RowNorm> norm_;
};

// Without parameters, over all of a sample. Norm: (x - mean) / sqrt(variance + epsilon). NormMax: x / (max + epsilon).
// NormMinMax: (x - min) / (max - min + epsilon).
#define EDDL_SAMPLE_NORM(Name)                                                        \
    class Name : public LinLayer {                                                    \
    public:                                                                           \
        static int total_layers;                                                      \
        float epsilon;                                                                \
        Name(Layer* parent, float epsilon, std::string name, int dev, int mem);       \
        EDDL_LAYER_OVERRIDES                                                          \
    };

EDDL_SAMPLE_NORM(LNorm)
EDDL_SAMPLE_NORM(LNormMax)
EDDL_SAMPLE_NORM(LNormMinMax)
#undef EDDL_SAMPLE_NORM

#endif  // EDDL_LAYER_NORMALIZATION_H
