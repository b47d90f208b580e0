// Layers that move pixels: resizing and data augmentation.
#include "eddl/layers/da/layer_da.h"
#include "layers/common.h"
#include "tensor/image.h"

using namespace eddl;
using image::Augmentation;

namespace {

// Batch and channels of the input, and the lengths that the transform asks for.
std::vector<int> output_shape(const std::string& name, const Tensor& input, const std::vector<int>& extents) {
    if (extents.empty()) return input.shape;
    require_extents(name, extents, extents.size());
    std::vector<int> shape(input.shape.begin(), input.shape.begin() + 2);
    shape.insert(shape.end(), extents.begin(), extents.end());
    return shape;
}

// Between training steps: images as they are, or their centres where the output is smaller.
image::PixelMap centre_of(const Tensor& input, const Tensor& output) {
    const image::Extent in = image::extent_of(input), out = image::extent_of(output);
    const image::Pixel by{(out.height - in.height) / 2, (out.width - in.width) / 2};
    return image::map_of<image::Shift>(input, output, {{by}}, WrappingMode::Constant);
}

}  // namespace

LImageTransform::LImageTransform(Layer* parent, const Augmentation& how, const std::string& name,
                                 const std::string& prefix, int& counter, int dev, int mem)
    : LinLayer(name, dev, mem), how_(std::make_shared<Augmentation>(how)) {
    input = checked_parent(prefix.c_str(), parent).output;
    if (input->ndim < 2) invalid(prefix, "expected images, received shape ", input->shape);
    output = new Tensor(output_shape(prefix, *input, how.extents), dev);
    if (input->ndim == output->ndim && input->ndim >= 4) how.transform.check(*input, *output);
    name_layer(*this, name, prefix, counter);
    join_graph(*this, {parent});
}

image::PixelMap LImageTransform::map_in_inference() const {
    const image::Transform& transform = how_->transform;
    transform.check(*input, *output);
    return transform.random ? centre_of(*input, *output) : transform.map(*input, *output);
}

const float* LImageTransform::fill() const { return how_->transform.fill ? &*how_->transform.fill : nullptr; }

void LImageTransform::forward() {
    expect_forward(*this);
    const image::Transform& transform = how_->transform;
    transform.check(*input, *output);
    if (map_ == nullptr || transform.random || !map_->fits(*input, *output)) {
        map_ = std::make_shared<image::PixelMap>(mode == TSMODE ? map_in_inference() : transform.map(*input, *output));
    }
    map_->apply(*input, *output, transform.fill);
}

void LImageTransform::backward() {
    expect_backward(*this);
    if (map_ == nullptr) failed("backward of layer '" + name + "'", "it has not run forward");
    map_->apply_back(*parent[0]->delta, *delta);
}

Layer* LImageTransform::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

std::string LImageTransform::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

#define EDDL_AUGMENTATION(Name, Base, prefix)                                                                        \
    int Name::total_layers = 0;                                                                                      \
    Name::Name(Layer* parent, const Augmentation& how, std::string name, int dev, int mem)                           \
        : Base(parent, how, name, prefix, total_layers, dev, mem) {}                                                 \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) { return make_clone(*this, todev, p.at(0), *how_); }
EDDL_AUGMENTATION(LShift, LDataAugmentation, "shift")
EDDL_AUGMENTATION(LRotate, LDataAugmentation, "rotate")
EDDL_AUGMENTATION(LFlip, LDataAugmentation, "flip")
EDDL_AUGMENTATION(LCrop, LDataAugmentation, "crop")
EDDL_AUGMENTATION(LCropScale, LCrop, "crop_scale")
EDDL_AUGMENTATION(LCutout, LDataAugmentation, "cutout")
EDDL_AUGMENTATION(LShiftRandom, LDataAugmentation, "shift_random")
EDDL_AUGMENTATION(LRotateRandom, LDataAugmentation, "rotate_random")
EDDL_AUGMENTATION(LScaleRandom, LDataAugmentation, "scale_random")
EDDL_AUGMENTATION(LFlipRandom, LDataAugmentation, "flip_random")
EDDL_AUGMENTATION(LCropRandom, LDataAugmentation, "crop_random")
EDDL_AUGMENTATION(LCropScaleRandom, LDataAugmentation, "crop_scale")
EDDL_AUGMENTATION(LCutoutRandom, LDataAugmentation, "cutout_random")
EDDL_AUGMENTATION(LAffine, LDataAugmentation, "affine")
EDDL_AUGMENTATION(LAffineRandom, LDataAugmentation, "affine_random")

#define EDDL_SCALING_LAYER(Name, Base, prefix, dimensions)                                                           \
    int Name::total_layers = 0;                                                                                      \
    Name::Name(Layer* parent, std::vector<int> new_shape, bool reshape, WrappingMode da_mode, float cval,            \
               TransformationMode coordinate_transformation_mode, std::string name, int dev, int mem)                \
        : Base(parent, scaled(prefix, new_shape, reshape, dimensions, da_mode, cval, coordinate_transformation_mode), \
               name, prefix, total_layers, dev, mem),                                                                \
          new_shape(new_shape),                                                                                      \
          reshape(reshape),                                                                                          \
          da_mode(da_mode),                                                                                          \
          cval(cval),                                                                                                \
          coordinate_transformation_mode(coordinate_transformation_mode) {}                                          \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                                 \
        return make_clone(*this, todev, p.at(0), new_shape, reshape, da_mode, cval, coordinate_transformation_mode); \
    }

namespace {

Augmentation scaled(const char* name, const std::vector<int>& size, bool reshape, std::size_t dimensions,
                    WrappingMode mode, float fill, TransformationMode coordinates) {
    require_extents(name, size, dimensions);
    return {image::scaling(name, size, mode, coordinates, fill), reshape ? size : std::vector<int>{}};
}

}  // namespace

EDDL_SCALING_LAYER(LScale, LDataAugmentation, "scale", 2)
EDDL_SCALING_LAYER(LResize, LImageTransform, "resize", 2)
EDDL_SCALING_LAYER(LUpSampling3D, LImageTransform, "upsampling3d", 3)
