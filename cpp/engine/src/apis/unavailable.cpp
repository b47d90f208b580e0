// Layers that EDDL offers and the engine does not: each says so by its name.
#include "eddl/apis/layers.h"
#include "errors.h"

namespace eddl {

using std::string;

// Result, name, parameter types.
#define EDDL_UNAVAILABLE(Result, Name, ...) \
    Result Name(__VA_ARGS__) { not_available(#Name); }

EDDL_UNAVAILABLE(layer, Transform, layer, int, int, int, int, string)


}  // namespace eddl
