// Linear algebra on matrices.
#include <dnnl.h>

#include <algorithm>
#include <vector>

#include "parallel.h"
#include "tensor/elementwise.h"
#include "tensor/reduce.h"

namespace {

// C(i, j) = A(i, j) + term(i, j)
template <typename Term>
void add_to_matrix(const char* function, const Tensor* A, const Tensor* B, const Tensor* C, std::size_t along,
                   Term term) {
    eddl::require_ndim(function, A, 2);
    eddl::require_shape(function, B, {A->shape[along]});
    eddl::require_same_shape(function, A, C);
    const std::ptrdiff_t columns = A->shape[1];
    eddl::parallel_for(
        A->shape[0],
        [=](std::ptrdiff_t row) {
            const float* a = A->ptr + row * columns;
            float* c = C->ptr + row * columns;
            for (std::ptrdiff_t column = 0; column < columns; ++column) c[column] = a[column] + term(row, column);
        },
        columns);
}

}  // namespace

void Tensor::mult2D(Tensor* A, int tA, Tensor* B, int tB, Tensor* C, int incC) {
    const char* const name = "Tensor::mult2D";
    for (const Tensor* t : {A, B, C}) eddl::require_ndim(name, t, 2);
    const int rows = A->shape[tA ? 1 : 0], inner = A->shape[tA ? 0 : 1], columns = B->shape[tB ? 0 : 1];
    if (inner != B->shape[tB ? 1 : 0]) {
        eddl::invalid(name, "shapes ", A->shape, tA ? " transposed" : "", " and ", B->shape, tB ? " transposed" : "",
                      " do not fit");
    }
    eddl::require_shape(name, C, {rows, columns});
    if (inner == 0) {
        if (!incC) C->fill_(0.0f);
        return;
    }
    if (rows == 0 || columns == 0) return;
    const dnnl_status_t status =
        dnnl_sgemm(tA ? 'T' : 'N', tB ? 'T' : 'N', rows, columns, inner, 1.0f, A->ptr, A->shape[1], B->ptr, B->shape[1],
                   incC ? 1.0f : 0.0f, C->ptr, columns);
    if (status != dnnl_success)
        eddl::failed(name, "oneDNN's matrix product failed with status ", static_cast<int>(status));
}

void Tensor::sum2D_rowwise(Tensor* A, Tensor* B, Tensor* C) {
    eddl::require_given("Tensor::sum2D_rowwise", B);
    const float* b = B->ptr;
    add_to_matrix("Tensor::sum2D_rowwise", A, B, C, 1,
                  [b](std::ptrdiff_t, std::ptrdiff_t column) { return b[column]; });
}

void Tensor::sum2D_colwise(Tensor* A, Tensor* B, Tensor* C) {
    eddl::require_given("Tensor::sum2D_colwise", B);
    const float* b = B->ptr;
    add_to_matrix("Tensor::sum2D_colwise", A, B, C, 0, [b](std::ptrdiff_t row, std::ptrdiff_t) { return b[row]; });
}

void Tensor::reduce_sum2D(Tensor* A, Tensor* B, int axis, int incB) {
    const char* const name = "Tensor::reduce_sum2D";
    eddl::require_ndim(name, A, 2);
    if (axis != 0 && axis != 1) eddl::invalid(name, "axis ", axis, "; it must be 0 or 1");
    eddl::require_shape(name, B, {A->shape[axis == 0 ? 1 : 0]});
    const std::ptrdiff_t rows = A->shape[0], columns = A->shape[1];
    if (!incB) B->fill_(0.0f);
    if (axis == 1) {
        for (std::ptrdiff_t row = 0; row < rows; ++row) {
            B->ptr[row] += static_cast<float>(eddl::sum_of(A->ptr + row * columns, columns));
        }
        return;
    }
    // Row by row, so that memory is read in order.
    vector<double> sums(static_cast<std::size_t>(columns), 0.0);
    for (std::ptrdiff_t row = 0; row < rows; ++row) {
        const float* a = A->ptr + row * columns;
        for (std::ptrdiff_t column = 0; column < columns; ++column) sums[static_cast<std::size_t>(column)] += a[column];
    }
    for (std::ptrdiff_t column = 0; column < columns; ++column) {
        B->ptr[column] += static_cast<float>(sums[static_cast<std::size_t>(column)]);
    }
}

float Tensor::trace(Tensor* A, int k) {
    eddl::require_given("Tensor::trace", A);
    std::unique_ptr<Tensor> diagonal(A->diag(k));
    return diagonal->sum();
}

float Tensor::trace(int k) { return trace(this, k); }
