// Reductions over axes.
#ifndef EDDL_LAYER_REDUCTIONS_H
#define EDDL_LAYER_REDUCTIONS_H

#include "eddl/layers/declare.h"

EDDL_UNAVAILABLE_LAYER(ReductionLayer, Layer)
EDDL_UNAVAILABLE_LAYER(ReductionLayer2, Layer)
EDDL_UNAVAILABLE_LAYER(LRMean, ReductionLayer)
EDDL_UNAVAILABLE_LAYER(LRVar, ReductionLayer)
EDDL_UNAVAILABLE_LAYER(LRSum, ReductionLayer)
EDDL_UNAVAILABLE_LAYER(LRMax, ReductionLayer)
EDDL_UNAVAILABLE_LAYER(LRMin, ReductionLayer)
EDDL_UNAVAILABLE_LAYER(LRArgmax, ReductionLayer2)

#endif  // EDDL_LAYER_REDUCTIONS_H
