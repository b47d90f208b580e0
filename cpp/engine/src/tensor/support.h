// What the tensor sources share: checks of arguments and the making of result tensors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "eddl/tensor/tensor.h"
#include "errors.h"

namespace eddl {

// Each of them, tensor or descriptor.
template <typename... Objects>
void require_given(const std::string& function, const Objects*... objects) {
    if ((... || (objects == nullptr))) invalid(function, "an argument is missing (None)");
}

inline const std::vector<int>& shape_of(const std::string& function, const Tensor* t) {
    require_given(function, t);
    return t->shape;
}

inline void require_same_shape(const std::string& function, const Tensor* a, const Tensor* b) {
    require_given(function, a, b);
    if (a->shape != b->shape) invalid(function, "tensors of different shapes ", a->shape, " and ", b->shape);
}

inline void require_same_shape(const std::string& function, const Tensor* a, const Tensor* b, const Tensor* c) {
    require_same_shape(function, a, b);
    require_same_shape(function, a, c);
}

inline void require_shape(const std::string& function, const Tensor* t, const std::vector<int>& shape) {
    if (shape_of(function, t) != shape) invalid(function, "expected a tensor of shape ", shape, ", got ", t->shape);
}

inline void require_ndim(const std::string& function, const Tensor* t, unsigned ndim) {
    require_given(function, t);
    if (t->ndim != ndim) invalid(function, "expected a tensor of ", ndim, " dimensions, got shape ", t->shape);
}

inline void require_values(const std::string& function, const Tensor* t) {
    require_given(function, t);
    if (t->size == 0) invalid(function, "a tensor without elements, shape ", t->shape);
}

// `extents`: n positive lengths.
inline void require_extents(const std::string& function, const std::vector<int>& extents, std::size_t n) {
    bool good = extents.size() == n;
    for (const int extent : extents) good = good && extent > 0;
    if (!good) invalid(function, "expected ", n, " positive lengths, got ", extents);
}

// An axis of t, counted from the end if negative.
inline int require_axis(const std::string& function, const Tensor* t, int axis) {
    const int ndim = static_cast<int>(shape_of(function, t).size());
    if (axis < -ndim || axis >= ndim) invalid(function, "axis ", axis, " of a tensor of shape ", t->shape);
    return axis < 0 ? axis + ndim : axis;
}

// A new tensor whose values `fill` writes; nothing leaks if it throws.
template <typename Fill>
Tensor* make_tensor(const std::vector<int>& shape, Fill fill) {
    std::unique_ptr<Tensor> result(new Tensor(shape));
    fill(result.get());
    return result.release();
}

// `output` if given (then of that shape), or a new tensor; a new one is the caller's.
template <typename Fill>
Tensor* fill_output(const std::string& function, const std::vector<int>& shape, Tensor* output, Fill fill) {
    if (output == nullptr) return make_tensor(shape, fill);
    require_shape(function, output, shape);
    fill(output);
    return output;
}

}  // namespace eddl
