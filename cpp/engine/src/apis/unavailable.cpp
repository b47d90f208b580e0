// Layers that EDDL offers and the engine does not: each says so by its name.
#include "eddl/apis/layers.h"
#include "errors.h"

namespace eddl {

using std::string;
using Reps = const std::vector<unsigned int> &;
using Ints = const ints &;

// Result, name, parameter types.
#define EDDL_UNAVAILABLE(Result, Name, ...) \
    Result Name(__VA_ARGS__) { not_available(#Name); }

EDDL_UNAVAILABLE(layer, Embedding, layer, int, int, int, bool, string)

EDDL_UNAVAILABLE(layer, GaussianNoise, layer, float, string)
EDDL_UNAVAILABLE(layer, LayerNormalization, layer, bool, float, string)
EDDL_UNAVAILABLE(layer, LayerNormalization, layer, float, bool, string)
EDDL_UNAVAILABLE(layer, GroupNormalization, layer, int, float, bool, string)
EDDL_UNAVAILABLE(layer, Norm, layer, float, string)
EDDL_UNAVAILABLE(layer, NormMax, layer, float, string)
EDDL_UNAVAILABLE(layer, NormMinMax, layer, float, string)

EDDL_UNAVAILABLE(layer, Repeat, layer, Reps, unsigned int, string)
EDDL_UNAVAILABLE(layer, Repeat, layer, unsigned int, unsigned int, string)
EDDL_UNAVAILABLE(layer, Tile, layer, Ints, string)
EDDL_UNAVAILABLE(layer, Broadcast, layer, layer, string)
EDDL_UNAVAILABLE(layer, Bypass, layer, string, string)
EDDL_UNAVAILABLE(layer, Shape, layer, bool, string)
EDDL_UNAVAILABLE(layer, ConstOfTensor, Tensor *, string)
EDDL_UNAVAILABLE(layer, Where, layer, layer, layer, string)
EDDL_UNAVAILABLE(layer, Expand, layer, int, string)
EDDL_UNAVAILABLE(vlayer, Split, layer, ints, int, bool, string)
EDDL_UNAVAILABLE(layer, Transform, layer, int, int, int, int, string)
EDDL_UNAVAILABLE(layer, MatMul, vlayer, string)

EDDL_UNAVAILABLE(layer, Affine, layer, float, float, float, float, string)
EDDL_UNAVAILABLE(layer, ColorJitter, layer, float, float, float, float, string)
EDDL_UNAVAILABLE(layer, Grayscale, layer, string)
EDDL_UNAVAILABLE(layer, Normalize, layer, string)
EDDL_UNAVAILABLE(layer, RandomAffine, layer, floats, floats, floats, floats, string)
EDDL_UNAVAILABLE(layer, RandomGrayscale, layer, string)

EDDL_UNAVAILABLE(layer, ReduceMean, layer, ints, bool)
EDDL_UNAVAILABLE(layer, ReduceVar, layer, ints, bool)
EDDL_UNAVAILABLE(layer, ReduceSum, layer, ints, bool)
EDDL_UNAVAILABLE(layer, ReduceMax, layer, ints, bool)
EDDL_UNAVAILABLE(layer, ReduceMin, layer, ints, bool)
EDDL_UNAVAILABLE(layer, ReduceArgMax, layer, ints, bool)
EDDL_UNAVAILABLE(layer, GaussGenerator, float, float, ints)
EDDL_UNAVAILABLE(layer, UniformGenerator, float, float, ints)

}  // namespace eddl
