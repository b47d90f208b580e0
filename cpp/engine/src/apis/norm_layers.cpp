// Normalisation within a sample.
#include "apis/make.h"
#include "eddl/apis/eddl.h"

namespace eddl {

layer LayerNormalization(layer parent, float epsilon, bool affine, std::string name) {
    return make<LLayerNorm>(parent, epsilon, affine, name);
}

layer LayerNormalization(layer parent, bool affine, float epsilon, std::string name) {
    return LayerNormalization(parent, epsilon, affine, name);
}

layer GroupNormalization(layer parent, int groups, float epsilon, bool affine, std::string name) {
    return make<LGroupNorm>(parent, groups, epsilon, affine, name);
}

layer Norm(layer parent, float epsilon, std::string name) { return make<LNorm>(parent, epsilon, name); }
layer NormMax(layer parent, float epsilon, std::string name) { return make<LNormMax>(parent, epsilon, name); }
layer NormMinMax(layer parent, float epsilon, std::string name) { return make<LNormMinMax>(parent, epsilon, name); }

}  // namespace eddl
