// Element-wise kernels as templates over the function of the elements. Outputs may be inputs.
#pragma once

#include <string>

#include "parallel.h"
#include "tensor/support.h"

namespace eddl {

// B[i] = f(A[i])
template <typename F>
void map(const std::string& function, const Tensor* A, Tensor* B, F f) {
    require_same_shape(function, A, B);
    const float* a = A->ptr;
    float* b = B->ptr;
    parallel_for(static_cast<std::ptrdiff_t>(A->size), [=](std::ptrdiff_t i) { b[i] = f(a[i]); });
}

// C[i] = f(A[i], B[i])
template <typename F>
void map(const std::string& function, const Tensor* A, const Tensor* B, Tensor* C, F f) {
    require_same_shape(function, A, B, C);
    const float* a = A->ptr;
    const float* b = B->ptr;
    float* c = C->ptr;
    parallel_for(static_cast<std::ptrdiff_t>(A->size), [=](std::ptrdiff_t i) { c[i] = f(a[i], b[i]); });
}

// C[i] (+)= f(A[i], B[i])
template <typename F>
void map(const std::string& function, const Tensor* A, const Tensor* B, Tensor* C, bool accumulate, F f) {
    require_same_shape(function, A, B, C);
    const float* a = A->ptr;
    const float* b = B->ptr;
    float* c = C->ptr;
    const auto n = static_cast<std::ptrdiff_t>(A->size);
    if (accumulate) {
        parallel_for(n, [=](std::ptrdiff_t i) { c[i] += f(a[i], b[i]); });
    } else {
        parallel_for(n, [=](std::ptrdiff_t i) { c[i] = f(a[i], b[i]); });
    }
}

}  // namespace eddl

// Definitions from a formula of operations.h.

// static void f(A, B); Tensor* f()
#define EDDL_DEFINE_UNARY(name, formula)                                                          \
    void Tensor::name(Tensor* A, Tensor* B) {                                                     \
        eddl::map("Tensor::" #name, A, B, [](float a) -> float { return formula; });              \
    }                                                                                             \
    Tensor* Tensor::name() {                                                                      \
        return eddl::make_tensor(shape, [this](Tensor* result) { Tensor::name(this, result); });  \
    }

// static void f(A, B, C)
#define EDDL_DEFINE_BINARY(name, formula)                                                               \
    void Tensor::name(Tensor* A, Tensor* B, Tensor* C) {                                                \
        eddl::map("Tensor::" #name, A, B, C, [](float a, float b) -> float { return formula; });        \
    }

// static Tensor* f(A, B), by way of the form above
#define EDDL_DEFINE_BINARY_RESULT(name)                                                   \
    Tensor* Tensor::name(Tensor* A, Tensor* B) {                                          \
        return eddl::make_tensor(eddl::shape_of("Tensor::" #name, A),                     \
                                 [A, B](Tensor* result) { Tensor::name(A, B, result); }); \
    }
