// Padding and data augmentation.
#ifndef EDDL_LAYER_DA_H
#define EDDL_LAYER_DA_H

#include "eddl/layers/core/layer_core.h"

// padding: {top-bottom, left-right} or {top, right, bottom, left}; the border holds `constant`.
class LPad : public LinLayer {
public:
    static int total_layers;
    std::vector<int> padding;  // top, right, bottom, left
    float constant;

    LPad(Layer* parent, std::vector<int> padding, float constant, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

// Transforms for augmenting data. The random ones draw a new transform for each image in training mode; in inference
// they let images pass (LCropRandom: their centres).
class LDataAugmentation : public LImageTransform {
public:
    using LImageTransform::LImageTransform;
};

#define EDDL_AUGMENTATION(Name, Base)                                                                  \
    class Name : public Base {                                                                         \
    public:                                                                                            \
        static int total_layers;                                                                       \
        Name(Layer* parent, const eddl::image::Augmentation& how, std::string name, int dev, int mem); \
        Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;                        \
                                                                                                       \
    protected:                                                                                         \
        using Base::Base;                                                                              \
    };
EDDL_AUGMENTATION(LShift, LDataAugmentation)
EDDL_AUGMENTATION(LRotate, LDataAugmentation)
EDDL_AUGMENTATION(LFlip, LDataAugmentation)
EDDL_AUGMENTATION(LCrop, LDataAugmentation)
EDDL_AUGMENTATION(LCropScale, LCrop)
EDDL_AUGMENTATION(LCutout, LDataAugmentation)
EDDL_AUGMENTATION(LShiftRandom, LDataAugmentation)
EDDL_AUGMENTATION(LRotateRandom, LDataAugmentation)
EDDL_AUGMENTATION(LScaleRandom, LDataAugmentation)
EDDL_AUGMENTATION(LFlipRandom, LDataAugmentation)
EDDL_AUGMENTATION(LCropRandom, LDataAugmentation)
EDDL_AUGMENTATION(LCropScaleRandom, LDataAugmentation)
EDDL_AUGMENTATION(LCutoutRandom, LDataAugmentation)

// Affine and random affine maps, which EDDL names in its API and has no classes for.
EDDL_AUGMENTATION(LAffine, LDataAugmentation)
EDDL_AUGMENTATION(LAffineRandom, LDataAugmentation)
#undef EDDL_AUGMENTATION

// Colours of images [batch, 3, height, width], a linear map of each pixel: gray, jitter. Neither has a class in EDDL.
class LColor : public LinLayer {
public:
    static int total_layers;

    LColor(Layer* parent, const eddl::image::Coloring& how, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES

private:
    std::shared_ptr<const eddl::image::Coloring> how_;
    std::shared_ptr<const std::vector<eddl::image::Colors>> colors_;  // of the last forward, one an image
};

EDDL_SCALING_CLASS(LScale, LDataAugmentation)
#undef EDDL_SCALING_CLASS

#endif  // EDDL_LAYER_DA_H
