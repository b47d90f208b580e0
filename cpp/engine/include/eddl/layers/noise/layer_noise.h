// Noise.
#ifndef EDDL_LAYER_NOISE_H
#define EDDL_LAYER_NOISE_H

#include "eddl/layers/declare.h"

EDDL_UNAVAILABLE_LAYER(LGaussianNoise, LinLayer)

#endif  // EDDL_LAYER_NOISE_H
