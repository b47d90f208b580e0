// FPGA kernels.
#ifndef EDDL_LAYER_HLSINF_H
#define EDDL_LAYER_HLSINF_H

#include "eddl/layers/declare.h"

EDDL_UNAVAILABLE_LAYER(LHLSinf, MLayer)

#endif  // EDDL_LAYER_HLSINF_H
