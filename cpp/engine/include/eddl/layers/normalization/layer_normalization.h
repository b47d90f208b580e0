// Normalisation over the batch.
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

EDDL_UNAVAILABLE_LAYER(LLayerNorm, LinLayer)
EDDL_UNAVAILABLE_LAYER(LGroupNorm, LinLayer)
EDDL_UNAVAILABLE_LAYER(LNorm, LinLayer)
EDDL_UNAVAILABLE_LAYER(LNormMax, LinLayer)
EDDL_UNAVAILABLE_LAYER(LNormMinMax, LinLayer)

#endif  // EDDL_LAYER_NORMALIZATION_H
