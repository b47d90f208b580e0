// Padding and data augmentation.
#ifndef EDDL_LAYER_DA_H
#define EDDL_LAYER_DA_H

#include "eddl/layers/declare.h"

// padding: {top-bottom, left-right} or {top, right, bottom, left}; the border holds `constant`.
class LPad : public LinLayer {
public:
    static int total_layers;
    std::vector<int> padding;  // top, right, bottom, left
    float constant;

    LPad(Layer* parent, std::vector<int> padding, float constant, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

EDDL_UNAVAILABLE_LAYER(LDataAugmentation, LinLayer)
EDDL_UNAVAILABLE_LAYER(LShift, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LRotate, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LScale, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LFlip, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LCrop, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LCropScale, LCrop)
EDDL_UNAVAILABLE_LAYER(LCutout, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LShiftRandom, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LRotateRandom, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LScaleRandom, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LFlipRandom, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LCropRandom, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LCropScaleRandom, LDataAugmentation)
EDDL_UNAVAILABLE_LAYER(LCutoutRandom, LDataAugmentation)

#endif  // EDDL_LAYER_DA_H
