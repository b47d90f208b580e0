// Declarations that all layer headers share.
#ifndef EDDL_LAYERS_DECLARE_H
#define EDDL_LAYERS_DECLARE_H

#include <memory>
#include <string>
#include <vector>

#include "eddl/layers/layer.h"

// What every concrete layer overrides. share: same parameters, batch bs, on the given parents. clone: own parameters.
#define EDDL_LAYER_OVERRIDES                                              \
    void forward() override;                                              \
    void backward() override;                                             \
    Layer* share(int c, int bs, std::vector<Layer*> p) override;          \
    Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override; \
    std::string plot(int c) override;

// A layer class that EDDL has and this engine does not offer: it has its name and its place in the hierarchy, so that a
// binding can name it, and cannot be made.
#define EDDL_UNAVAILABLE_LAYER(Name, Base) \
    class Name : public Base {             \
    public:                                \
        Name() = delete;                   \
    };

namespace eddl {
class RowNorm;
namespace onednn {
class Convolution;
class Pooling;
class BatchNorm;
class Activation;
class Dense;
class MatMul;
}  // namespace onednn
namespace image {
struct Augmentation;
struct Coloring;
struct Colors;
struct PixelMap;
}  // namespace image
}  // namespace eddl

#endif  // EDDL_LAYERS_DECLARE_H
