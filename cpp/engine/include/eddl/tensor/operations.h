// The operations of Tensor that come in families, each described once: its name and, where one expression says it all,
// its formula. tensor.h makes the declarations from these lists and src/tensor the definitions and kernels, so a member
// cannot be declared one way and computed another. In a formula a, b are elements and v is the scalar argument.
#ifndef EDDL_TENSOR_OPERATIONS_H
#define EDDL_TENSOR_OPERATIONS_H

// void f_(); Tensor* f(); static void f(A, B)
#define EDDL_UNARY_OPERATIONS(X)                   \
    X(abs, std::fabs(a))                           \
    X(acos, std::acos(a))                          \
    X(asin, std::asin(a))                          \
    X(atan, std::atan(a))                          \
    X(ceil, std::ceil(a))                          \
    X(cos, std::cos(a))                            \
    X(cosh, std::cosh(a))                          \
    X(exp, std::exp(a))                            \
    X(floor, std::floor(a))                        \
    X(log, std::log(a))                            \
    X(log2, std::log2(a))                          \
    X(log10, std::log10(a))                        \
    X(neg, -a)                                     \
    X(reciprocal, 1.0f / a)                        \
    X(round, std::round(a))                        \
    X(rsqrt, 1.0f / std::sqrt(a))                  \
    X(sigmoid, 1.0f / (1.0f + std::exp(-a)))       \
    X(sin, std::sin(a))                            \
    X(sinh, std::sinh(a))                          \
    X(sqr, a* a)                                   \
    X(sqrt, std::sqrt(a))                          \
    X(tan, std::tan(a))                            \
    X(tanh, std::tanh(a))                          \
    X(trunc, std::trunc(a))

// Tensor* f(); static void f(A, B). The result is 1 or 0.
#define EDDL_PREDICATES(X)                         \
    X(isfinite, std::isfinite(a))                  \
    X(isinf, std::isinf(a))                        \
    X(isnan, std::isnan(a))                        \
    X(isneginf, std::isinf(a) && a < 0.0f)         \
    X(isposinf, std::isinf(a) && a > 0.0f)         \
    X(logical_not, a == 0.0f)

// void f_(v); Tensor* f(v); static void f(A, B, v). The third argument, if any, is the default of v.
#define EDDL_SCALAR_OPERATIONS(X)                                   \
    X(add, a + v, )                                                 \
    X(sub, a - v, )                                                 \
    X(mult, a* v, )                                                 \
    X(div, a / v, )                                                 \
    X(clampmax, a > v ? v : a, )                                    \
    X(clampmin, a < v ? v : a, )                                    \
    X(inv, v / a, = 1.0f)                                           \
    X(logn, std::log(a) / std::log(v), )                            \
    X(mod, std::fmod(a, v), )                                       \
    X(pow, std::pow(a, v), )                                        \
    X(powb, std::pow(v, a), )                                       \
    X(remainder, std::fmod(std::fmod(a, v) + v, v), )                      \
    X(sign, a > 0.0f ? 1.0f : (a < 0.0f ? -1.0f : v), = 0.0f)       \
    X(greater, a > v ? 1.0f : 0.0f, )                               \
    X(greater_equal, a >= v ? 1.0f : 0.0f, )                        \
    X(less, a < v ? 1.0f : 0.0f, )                                  \
    X(less_equal, a <= v ? 1.0f : 0.0f, )                           \
    X(equal, a == v ? 1.0f : 0.0f, )                                \
    X(not_equal, a != v ? 1.0f : 0.0f, )

// void f_(lo, hi); Tensor* f(lo, hi); static void f(A, B, lo, hi), with defaults of lo and hi.
#define EDDL_RANGE_OPERATIONS(X) \
    X(clamp, , )                 \
    X(normalize, = 0.0f, = 1.0f)

// void f_(B); Tensor* f(B); static Tensor* f(A, B); static void f(A, B, C)
#define EDDL_ARITHMETIC(X) \
    X(add, a + b)          \
    X(sub, a - b)          \
    X(mult, a* b)          \
    X(div, a / b)

// Tensor* f(B); static void f(A, B, C). The result is 1 or 0.
#define EDDL_RELATIONS(X)                          \
    X(greater, a > b)                              \
    X(greater_equal, a >= b)                       \
    X(less, a < b)                                 \
    X(less_equal, a <= b)                          \
    X(equal, a == b)                               \
    X(not_equal, a != b)                           \
    X(logical_and, a != 0.0f && b != 0.0f)         \
    X(logical_or, a != 0.0f || b != 0.0f)          \
    X(logical_xor, (a != 0.0f) != (b != 0.0f))

// Tensor* f(v); static Tensor* f(A, v); static void f(A, B, v); static Tensor* f(A, B); static void f(A, B, C)
#define EDDL_EXTREMA(X)       \
    X(maximum, a < b ? b : a) \
    X(minimum, b < a ? b : a)

// R f(); static R f(A); Tensor* f(axis, keepdims); static void f(A, B, rd)
#define EDDL_REDUCTIONS(X) \
    X(max, float)          \
    X(min, float)          \
    X(argmax, int)         \
    X(argmin, int)         \
    X(sum, float)          \
    X(sum_abs, float)      \
    X(prod, float)         \
    X(mean, float)         \
    X(median, float)       \
    X(mode, int)

// As the reductions, with a last argument `unbiased` (divide by n - 1).
#define EDDL_SPREADS(X) \
    X(var)              \
    X(std)

// Tensor* f(descending, stable); static void f(A, B, descending, stable)
#define EDDL_SORTS(X) \
    X(sort)           \
    X(argsort)

// static void f(A, B, C, incC): C = a ∘ b, or C += a ∘ b where incC.
#define EDDL_ACCUMULATING(X) \
    X(el_mult, a* b)         \
    X(el_div, a / b)

// void f_(v); Tensor* f(v): random values into this tensor, or into a new one of its shape.
#define EDDL_RANDOM_FILLS(X)                                              \
    X(fill_rand_uniform, eddl::random_uniform(dst, n, 0.0f, v))           \
    X(fill_rand_signed_uniform, eddl::random_uniform(dst, n, -v, v))      \
    X(fill_rand_binary, eddl::random_binary(dst, n, v))

// A op B, A op v, v op A, A op= B, A op= v, from the arithmetic of that name
#define EDDL_OPERATORS(X) \
    X(+, add)             \
    X(-, sub)             \
    X(*, mult)            \
    X(/, div)

#endif  // EDDL_TENSOR_OPERATIONS_H
