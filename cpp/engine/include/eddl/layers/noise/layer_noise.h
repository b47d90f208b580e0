// Noise.
#ifndef EDDL_LAYER_NOISE_H
#define EDDL_LAYER_NOISE_H

#include "eddl/layers/declare.h"

// Training: output = input + normal noise of deviation stdev. Inference: output = input.
class LGaussianNoise : public LinLayer {
public:
    static int total_layers;
    float stdev;
    Tensor* noise;  // EDDL's work space; this engine needs none: null

    LGaussianNoise(Layer* parent, float stdev, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

#endif  // EDDL_LAYER_NOISE_H
