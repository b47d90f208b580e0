// Random sources.
#ifndef EDDL_LAYER_GENERATORS_H
#define EDDL_LAYER_GENERATORS_H

#include "eddl/layers/declare.h"

EDDL_UNAVAILABLE_LAYER(GeneratorLayer, LinLayer)
EDDL_UNAVAILABLE_LAYER(LGauss, GeneratorLayer)
EDDL_UNAVAILABLE_LAYER(LUniform, GeneratorLayer)

#endif  // EDDL_LAYER_GENERATORS_H
