// Layers that EDDL offers and the engine does not: each says so by its name.
#include "eddl/apis/layers.h"
#include "errors.h"

namespace eddl {

using std::string;

// Result, name, parameter types.
#define EDDL_UNAVAILABLE(Result, Name, ...) \
    Result Name(__VA_ARGS__) { not_available(#Name); }

EDDL_UNAVAILABLE(layer, Transform, layer, int, int, int, int, string)

EDDL_UNAVAILABLE(layer, Affine, layer, float, float, float, float, string)
EDDL_UNAVAILABLE(layer, ColorJitter, layer, float, float, float, float, string)
EDDL_UNAVAILABLE(layer, Grayscale, layer, string)
EDDL_UNAVAILABLE(layer, Normalize, layer, string)
EDDL_UNAVAILABLE(layer, RandomAffine, layer, floats, floats, floats, floats, string)
EDDL_UNAVAILABLE(layer, RandomGrayscale, layer, string)

}  // namespace eddl
