// Sorting the values of a tensor, seen as one row. NaN counts as larger than every number.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "tensor/support.h"

using eddl::make_tensor;

namespace {

bool before(float a, float b, bool descending) {
    if (descending) std::swap(a, b);
    return std::isnan(b) ? !std::isnan(a) : a < b;
}

template <typename T, typename Order>
void sort_range(std::vector<T>& values, bool stable, Order order) {
    if (stable) {
        std::stable_sort(values.begin(), values.end(), order);
    } else {
        std::sort(values.begin(), values.end(), order);
    }
}

}  // namespace

void Tensor::sort(Tensor* A, Tensor* B, bool descending, bool stable) {
    eddl::require_same_shape("Tensor::sort", A, B);
    vector<float> values = A->to_std();
    sort_range(values, stable, [=](float a, float b) { return before(a, b, descending); });
    std::copy(values.begin(), values.end(), B->ptr);
}

void Tensor::argsort(Tensor* A, Tensor* B, bool descending, bool stable) {
    eddl::require_same_shape("Tensor::argsort", A, B);
    vector<std::uint32_t> order(A->size);
    std::iota(order.begin(), order.end(), 0u);
    const float* value = A->ptr;
    sort_range(order, stable, [=](std::uint32_t i, std::uint32_t j) { return before(value[i], value[j], descending); });
    std::copy(order.begin(), order.end(), B->ptr);
}

void Tensor::sort_(bool descending, bool stable) { Tensor::sort(this, this, descending, stable); }

#define EDDL_DEFINE(name)                                                                                        \
    Tensor* Tensor::name(bool descending, bool stable) {                                                         \
        return make_tensor(shape, [=](Tensor* result) { Tensor::name(this, result, descending, stable); });      \
    }
EDDL_SORTS(EDDL_DEFINE)
#undef EDDL_DEFINE
