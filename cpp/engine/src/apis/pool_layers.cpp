// Pooling.
#include "apis/make.h"
#include "eddl/apis/eddl.h"
#include "errors.h"

namespace eddl {

namespace {

using Pool = layer (*)(layer, ints, ints, std::string, std::string);

// The window is the whole image of `axes` axes.
layer global_pool(const char *function, int axes, layer parent, std::string name, Pool pool) {
    const ints &shape = the(parent, function).output->shape;
    if (shape.size() != static_cast<std::size_t>(2 + axes)) {
        invalid(function, "layer '", parent->name, "' has output shape ", shape, ", expected ", 2 + axes,
                " dimensions");
    }
    if (name.empty()) name = function;
    return pool(parent, ints(shape.begin() + 2, shape.end()), ints(axes, 1), "none", name);
}

}  // namespace

#define EDDL_POOL(Name, Ints, Class)                                                                   \
    layer Name(layer parent, Ints pool_size, Ints strides, std::string padding, std::string name) {    \
        return make<Class>(parent, pool_size, strides, padding, name);                                 \
    }
EDDL_POOL(MaxPool, const ints &, LMaxPool)
EDDL_POOL(MaxPool2D, ints, LMaxPool)
EDDL_POOL(MaxPool3D, ints, LMaxPool3D)
EDDL_POOL(AveragePool, const ints &, LAveragePool)
EDDL_POOL(AveragePool2D, ints, LAveragePool)
EDDL_POOL(AveragePool3D, ints, LAveragePool3D)
EDDL_POOL(AvgPool, const ints &, LAveragePool)
EDDL_POOL(AvgPool2D, ints, LAveragePool)
EDDL_POOL(AvgPool3D, ints, LAveragePool3D)
#undef EDDL_POOL

#define EDDL_POOL_1D(Name, Class)                                                                      \
    layer Name(layer parent, ints pool_size, ints strides, std::string padding, std::string name) {    \
        return make<Class>(parent, with_one_column(#Name, "a window", pool_size),                      \
                           with_one_column(#Name, "strides", strides), padding, name);                 \
    }
EDDL_POOL_1D(MaxPool1D, LMaxPool1D)
EDDL_POOL_1D(AveragePool1D, LAveragePool1D)
EDDL_POOL_1D(AvgPool1D, LAveragePool1D)
#undef EDDL_POOL_1D

#define EDDL_GLOBAL_POOL(Name, axes, Pool) \
    layer Name(layer parent, std::string name) { return global_pool(#Name, axes, parent, name, Pool); }
EDDL_GLOBAL_POOL(GlobalMaxPool1D, 1, MaxPool1D)
EDDL_GLOBAL_POOL(GlobalMaxPool2D, 2, MaxPool2D)
EDDL_GLOBAL_POOL(GlobalMaxPool3D, 3, MaxPool3D)
EDDL_GLOBAL_POOL(GlobalAveragePool1D, 1, AveragePool1D)
EDDL_GLOBAL_POOL(GlobalAveragePool2D, 2, AveragePool2D)
EDDL_GLOBAL_POOL(GlobalAveragePool3D, 3, AveragePool3D)
#undef EDDL_GLOBAL_POOL

#define EDDL_OTHER_NAME(Name, Pool) \
    layer Name(layer parent, std::string name) { return Pool(parent, name); }
EDDL_OTHER_NAME(GlobalAvgPool1D, GlobalAveragePool1D)
EDDL_OTHER_NAME(GlobalAvgPool2D, GlobalAveragePool2D)
EDDL_OTHER_NAME(GlobalAvgPool3D, GlobalAveragePool3D)
EDDL_OTHER_NAME(GlobalAvgPool, GlobalAveragePool)
#undef EDDL_OTHER_NAME

layer GlobalMaxPool(layer parent, std::string name) {
    return on_image("GlobalMaxPool", parent, [&](layer image) { return GlobalMaxPool2D(image, name); });
}
layer GlobalAveragePool(layer parent, std::string name) {
    return on_image("GlobalAveragePool", parent, [&](layer image) { return GlobalAveragePool2D(image, name); });
}

}  // namespace eddl
