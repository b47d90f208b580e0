// Making tensors, and filling them with values that follow a rule.
#include <algorithm>
#include <cmath>
#include <limits>

#include "eddl/random.h"
#include "parallel.h"
#include "tensor/support.h"

using eddl::make_tensor;

namespace {

// A new tensor on `dev` whose values `fill` writes; the constructor refuses devices that are not there.
template <typename Fill>
Tensor* make_on(const vector<int>& shape, int dev, Fill fill) {
    std::unique_ptr<Tensor> result(new Tensor(shape, dev));
    fill(result.get());
    return result.release();
}

// start, start + step, …: n values
Tensor* sequence(const char* function, float start, double step, float n, int dev) {
    if (!(n >= 0.0f && n < static_cast<float>(std::numeric_limits<int>::max()))) {
        eddl::invalid(function, n, " values from ", start, " in steps of ", step);
    }
    return make_on({static_cast<int>(n)}, dev, [=](Tensor* result) {
        for (unsigned long i = 0; i < result->size; ++i) {
            result->ptr[i] = static_cast<float>(start + step * static_cast<double>(i));
        }
    });
}

float step_or_one(float step) { return step == 0.0f ? 1.0f : step; }

bool on_diagonal(std::ptrdiff_t row, std::ptrdiff_t column, int k) { return row + k == column; }

}  // namespace

Tensor* Tensor::empty(const vector<int>& shape, int dev) { return new Tensor(shape, dev); }
Tensor* Tensor::empty_like(Tensor* A) { return empty(eddl::shape_of("Tensor::empty_like", A)); }

Tensor* Tensor::full(const vector<int>& shape, float value, int dev) {
    return make_on(shape, dev, [value](Tensor* result) { result->fill_(value); });
}

Tensor* Tensor::full_like(Tensor* A, float value) { return full(eddl::shape_of("Tensor::full_like", A), value); }
Tensor* Tensor::zeros(const vector<int>& shape, int dev) { return full(shape, 0.0f, dev); }
Tensor* Tensor::zeros_like(Tensor* A) { return full_like(A, 0.0f); }
Tensor* Tensor::ones(const vector<int>& shape, int dev) { return full(shape, 1.0f, dev); }
Tensor* Tensor::ones_like(Tensor* A) { return full_like(A, 1.0f); }

Tensor* Tensor::randu(const vector<int>& shape, int dev) {
    return make_on(shape, dev, [](Tensor* result) { result->fill_rand_uniform_(1.0f); });
}

Tensor* Tensor::randn(const vector<int>& shape, int dev) {
    return make_on(shape, dev, [](Tensor* result) { result->fill_rand_normal_(0.0f, 1.0f); });
}

// The number of values is computed in float, as EDDL does: (1 - 0) / 0.1f is 10 there and 9.9999998 in double.
Tensor* Tensor::arange(float start, float end, float step, int dev) {
    step = step_or_one(step);
    return sequence("Tensor::arange", start, step, std::ceil((end - start) / step), dev);
}

Tensor* Tensor::range(float start, float end, float step, int dev) {
    step = step_or_one(step);
    return sequence("Tensor::range", start, step, std::floor((end - start) / step) + 1.0f, dev);
}

Tensor* Tensor::linspace(float start, float end, int steps, int dev) {
    const double step = steps > 1 ? (static_cast<double>(end) - start) / (steps - 1) : 0.0;
    return sequence("Tensor::linspace", start, step, static_cast<float>(steps), dev);
}

Tensor* Tensor::logspace(float start, float end, int steps, float base, int dev) {
    std::unique_ptr<Tensor> result(linspace(start, end, steps, dev));
    result->powb_(base);
    return result.release();
}

Tensor* Tensor::geomspace(float start, float end, int steps, int dev) {
    if (!(start > 0.0f && end > 0.0f)) {
        eddl::invalid("Tensor::geomspace", "start ", start, " and end ", end, " must be positive");
    }
    return logspace(std::log10(start), std::log10(end), steps, 10.0f, dev);
}

Tensor* Tensor::eye(int rows, int offset, int dev) {
    return make_on({rows, rows}, dev, [=](Tensor* result) {
        float* value = result->ptr;
        for (int row = 0; row < rows; ++row) {
            for (int column = 0; column < rows; ++column) *value++ = on_diagonal(row, column, offset) ? 1.0f : 0.0f;
        }
    });
}

Tensor* Tensor::identity(int rows, int dev) { return eye(rows, 0, dev); }

void Tensor::diag(Tensor* A, Tensor* B, int k) {
    eddl::require_ndim("Tensor::diag", A, 2);
    if (!isSquared(A)) eddl::invalid("Tensor::diag", "shape ", A->shape, " is not square");
    eddl::require_same_shape("Tensor::diag", A, B);
    const std::ptrdiff_t rows = A->shape[0];
    for (std::ptrdiff_t i = 0; i < rows * rows; ++i) B->ptr[i] = on_diagonal(i / rows, i % rows, k) ? A->ptr[i] : 0.0f;
}

void Tensor::diag_(int k) { diag(this, this, k); }

Tensor* Tensor::diag(int k) {
    return make_tensor(shape, [=](Tensor* result) { diag(this, result, k); });
}

void Tensor::fill(Tensor* A, float v) {
    eddl::require_given("Tensor::fill", A);
    float* data = A->ptr;
    eddl::parallel_for(static_cast<std::ptrdiff_t>(A->size), [=](std::ptrdiff_t i) { data[i] = v; });
}

void Tensor::fill_(float v) { fill(this, v); }

Tensor* Tensor::fill(float v) {
    return make_tensor(shape, [v](Tensor* result) { result->fill_(v); });
}

void Tensor::fill(Tensor* A, int aini, int aend, Tensor* B, int bini, int bend, int inc) {
    const char* const name = "Tensor::fill";
    eddl::require_given(name, A, B);
    if (A->ndim != B->ndim || A->ndim < 2 || A->shape[0] != B->shape[0] ||
        !std::equal(A->shape.begin() + 2, A->shape.end(), B->shape.begin() + 2)) {
        eddl::invalid(name, "shapes ", A->shape, " and ", B->shape, " may differ in the second dimension only");
    }
    if (aini < 0 || aend < aini || aend > A->shape[1] || bini < 0 || aend - aini > B->shape[1] - bini) {
        eddl::invalid(name, "range [", aini, ", ", aend, ") of shape ", A->shape, " to [", bini, ", ", bend,
                      ") of shape ", B->shape);
    }
    const std::ptrdiff_t inner = A->stride[1];
    const std::ptrdiff_t length = (aend - aini) * inner;
    const Tensor* source = A;
    const Tensor* target = B;
    eddl::parallel_for(
        A->shape[0],
        [=](std::ptrdiff_t row) {
            const float* from = source->ptr + row * source->stride[0] + aini * inner;
            float* to = target->ptr + row * target->stride[0] + bini * inner;
            for (std::ptrdiff_t i = 0; i < length; ++i) to[i] = inc ? to[i] + from[i] : from[i];
        },
        length);
}
