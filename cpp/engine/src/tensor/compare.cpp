// Predicates, relations and comparisons of whole tensors.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "tensor/elementwise.h"

using eddl::make_tensor;
using eddl::map;

EDDL_PREDICATES(EDDL_DEFINE_UNARY)

#define EDDL_DEFINE(name, formula)                                                                 \
    EDDL_DEFINE_BINARY(name, formula)                                                              \
    Tensor* Tensor::name(Tensor* A) {                                                              \
        return make_tensor(shape, [this, A](Tensor* result) { Tensor::name(this, A, result); });   \
    }
EDDL_RELATIONS(EDDL_DEFINE)
#undef EDDL_DEFINE

namespace {

// |a - b| <= atol + rtol·|b|. Equal infinities are close.
struct Close {
    float rtol, atol;
    bool equal_nan;

    bool operator()(float a, float b) const {
        if (std::isnan(a) || std::isnan(b)) return equal_nan && std::isnan(a) && std::isnan(b);
        if (std::isinf(a) || std::isinf(b)) return a == b;
        return std::fabs(a - b) <= atol + rtol * std::fabs(b);
    }
};

// The first element where A and B differ, or A->size.
std::size_t first_difference(const Tensor* A, const Tensor* B, const Close& close) {
    const float* const first = A->ptr;
    const float* const other = B->ptr;
    return static_cast<std::size_t>(std::mismatch(first, first + A->size, other, close).first - first);
}

}  // namespace

bool Tensor::all(Tensor* A) {
    eddl::require_given("Tensor::all", A);
    return std::all_of(A->ptr, A->ptr + A->size, [](float a) { return a != 0.0f; });
}

bool Tensor::any(Tensor* A) {
    eddl::require_given("Tensor::any", A);
    return std::any_of(A->ptr, A->ptr + A->size, [](float a) { return a != 0.0f; });
}

bool Tensor::all() { return Tensor::all(this); }
bool Tensor::any() { return Tensor::any(this); }

bool Tensor::anynan() {
    return std::any_of(ptr, ptr + size, [](float a) { return std::isnan(a); });
}

bool Tensor::allclose(Tensor* A, Tensor* B, float rtol, float atol, bool equal_nan) {
    eddl::require_same_shape("Tensor::allclose", A, B);
    return first_difference(A, B, {rtol, atol, equal_nan}) == A->size;
}

bool Tensor::allclose(Tensor* A, float rtol, float atol, bool equal_nan) {
    return Tensor::allclose(this, A, rtol, atol, equal_nan);
}

void Tensor::isclose(Tensor* A, Tensor* B, Tensor* C, float rtol, float atol, bool equal_nan) {
    const Close close{rtol, atol, equal_nan};
    map("Tensor::isclose", A, B, C, [close](float a, float b) { return close(a, b) ? 1.0f : 0.0f; });
}

Tensor* Tensor::isclose(Tensor* A, float rtol, float atol, bool equal_nan) {
    return make_tensor(shape, [=](Tensor* result) { Tensor::isclose(this, A, result, rtol, atol, equal_nan); });
}

int Tensor::eqsize(Tensor* A, Tensor* B) { return Tensor::sameShape(A, B); }

int Tensor::sameShape(Tensor* A, Tensor* B) {
    eddl::require_given("Tensor::sameShape", A, B);
    return A->shape == B->shape;
}

bool Tensor::sameSize(Tensor* A, Tensor* B) {
    eddl::require_given("Tensor::sameSize", A, B);
    return A->size == B->size;
}

bool Tensor::sameDevice(Tensor* A, Tensor* B) {
    eddl::require_given("Tensor::sameDevice", A, B);
    return A->device == B->device;
}

int Tensor::equivalent(Tensor* A, Tensor* B, float atol, float rtol, bool equal_nan, bool verbose) {
    if (!sameDevice(A, B) || !sameShape(A, B)) return 0;
    const std::size_t i = first_difference(A, B, {rtol, atol, equal_nan});
    if (i == A->size) return 1;
    if (verbose) std::cerr << "tensors differ at element " << i << ": " << A->ptr[i] << " and " << B->ptr[i] << '\n';
    return 0;
}
