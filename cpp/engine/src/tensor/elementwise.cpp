// Definitions and kernels of the element-wise families of operations.h.
#include "tensor/elementwise.h"

#include <cmath>

using eddl::make_tensor;
using eddl::map;

#define EDDL_DEFINE(name, formula)   \
    EDDL_DEFINE_UNARY(name, formula) \
    void Tensor::name##_() { Tensor::name(this, this); }
EDDL_UNARY_OPERATIONS(EDDL_DEFINE)
#undef EDDL_DEFINE

#define EDDL_DEFINE(name, formula, v_default)                                                     \
    void Tensor::name(Tensor* A, Tensor* B, float v) {                                            \
        map("Tensor::" #name, A, B, [v](float a) -> float { return formula; });                   \
    }                                                                                             \
    void Tensor::name##_(float v) { Tensor::name(this, this, v); }                                \
    Tensor* Tensor::name(float v) {                                                               \
        return make_tensor(shape, [this, v](Tensor* result) { Tensor::name(this, result, v); });  \
    }
EDDL_SCALAR_OPERATIONS(EDDL_DEFINE)
#undef EDDL_DEFINE

#define EDDL_DEFINE(name, formula)                                    \
    EDDL_DEFINE_BINARY(name, formula)                                 \
    EDDL_DEFINE_BINARY_RESULT(name)                                   \
    Tensor* Tensor::name(Tensor* A) { return Tensor::name(this, A); } \
    void Tensor::name##_(Tensor* A) { Tensor::name(this, A, this); }
EDDL_ARITHMETIC(EDDL_DEFINE)
#undef EDDL_DEFINE

#define EDDL_DEFINE(name, formula)                                                                \
    EDDL_DEFINE_BINARY(name, formula)                                                             \
    EDDL_DEFINE_BINARY_RESULT(name)                                                               \
    void Tensor::name(Tensor* A, Tensor* B, float v) {                                            \
        map("Tensor::" #name, A, B, [b = v](float a) -> float { return formula; });               \
    }                                                                                             \
    Tensor* Tensor::name(Tensor* A, float v) {                                                    \
        return make_tensor(eddl::shape_of("Tensor::" #name, A),                                   \
                           [A, v](Tensor* result) { Tensor::name(A, result, v); });               \
    }                                                                                             \
    Tensor* Tensor::name(float v) { return Tensor::name(this, v); }
EDDL_EXTREMA(EDDL_DEFINE)
#undef EDDL_DEFINE

#define EDDL_DEFINE(name, formula)                                                                              \
    void Tensor::name(Tensor* A, Tensor* B, Tensor* C, int incC) {                                              \
        map("Tensor::" #name, A, B, C, incC != 0, [](float a, float b) -> float { return formula; });           \
    }
EDDL_ACCUMULATING(EDDL_DEFINE)
#undef EDDL_DEFINE

#define EDDL_DEFINE(name, low_default, high_default)                                                  \
    void Tensor::name##_(float min, float max) { Tensor::name(this, this, min, max); }                \
    Tensor* Tensor::name(float min, float max) {                                                      \
        return make_tensor(shape, [=](Tensor* result) { Tensor::name(this, result, min, max); });     \
    }
EDDL_RANGE_OPERATIONS(EDDL_DEFINE)
#undef EDDL_DEFINE

void Tensor::clamp(Tensor* A, Tensor* B, float min, float max) {
    if (min > max) eddl::invalid("Tensor::clamp", "the lower bound ", min, " exceeds the upper bound ", max);
    map("Tensor::clamp", A, B, [=](float a) { return a < min ? min : (a > max ? max : a); });
}

// Spreads A linearly over [min, max]; a constant A becomes min.
void Tensor::normalize(Tensor* A, Tensor* B, float min, float max) {
    eddl::require_values("Tensor::normalize", A);
    const float low = A->min();
    const float extent = A->max() - low;
    const float factor = extent == 0.0f ? 0.0f : (max - min) / extent;
    map("Tensor::normalize", A, B, [=](float a) { return factor * (a - low) + min; });
}

#define EDDL_DEFINE(symbol, name)                                                         \
    Tensor& operator symbol(Tensor& A, Tensor& B) { return *Tensor::name(&A, &B); }       \
    Tensor& operator symbol(Tensor& A, float v) { return *A.name(v); }                    \
    Tensor& operator symbol(float v, Tensor& A) {                                         \
        return *make_tensor(A.shape, [&A, v](Tensor* result) {                            \
            result->fill_(v);                                                             \
            result->name##_(&A);                                                          \
        });                                                                               \
    }                                                                                     \
    void operator symbol##=(Tensor& A, Tensor& B) { A.name##_(&B); }                      \
    void operator symbol##=(Tensor& A, float v) { A.name##_(v); }
EDDL_OPERATORS(EDDL_DEFINE)
#undef EDDL_DEFINE

void Tensor::add(float scA, Tensor* A, float scB, Tensor* B, Tensor* C, int incC) {
    map("Tensor::add", A, B, C, incC != 0, [=](float a, float b) { return scA * a + scB * b; });
}

void Tensor::inc(Tensor* A, Tensor* B) { Tensor::add(A, B, B); }

Tensor* Tensor::interpolate(float factor1, Tensor* A, float factor2, Tensor* B) {
    return make_tensor(eddl::shape_of("Tensor::interpolate", A),
                       [=](Tensor* result) { Tensor::interpolate(factor1, A, factor2, B, result); });
}

void Tensor::interpolate(float factor1, Tensor* A, float factor2, Tensor* B, Tensor* C) {
    Tensor::add(factor1, A, factor2, B, C, 0);
}

void Tensor::d_clamp(Tensor* D, Tensor* I, Tensor* PD, float min, float max) {
    map("Tensor::d_clamp", D, I, PD, true, [=](float d, float x) { return x < min || x > max ? 0.0f : d; });
}

void Tensor::argmax_d(Tensor* D, Tensor* O, Tensor* PD) {
    eddl::require_given("Tensor::argmax_d", PD);
    eddl::require_same_shape("Tensor::argmax_d", D, O);
    if (D->size == 0 || PD->size % D->size != 0) {
        eddl::invalid("Tensor::argmax_d", "shape ", PD->shape, " is no multiple of ", D->shape);
    }
    const auto width = static_cast<std::ptrdiff_t>(PD->size / D->size);
    const auto n = static_cast<std::ptrdiff_t>(D->size);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        const float position = O->ptr[i];
        if (!(position >= 0.0f && position < static_cast<float>(width))) {
            eddl::invalid("Tensor::argmax_d", "position ", position, " on an axis of ", width);
        }
    }
    for (std::ptrdiff_t i = 0; i < n; ++i) PD->ptr[i * width + static_cast<std::ptrdiff_t>(O->ptr[i])] += D->ptr[i];
}
