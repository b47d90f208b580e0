// Reshaping and the permutation of axes.
#include <algorithm>
#include <numeric>

#include "tensor/support.h"

using eddl::make_tensor;

namespace {

// `shape` with its -1, if any, made the dimension that gives `size` elements.
vector<int> resolve_shape(const Tensor* t, const vector<int>& shape) {
    long known = 1;
    auto unknown = shape.end();
    for (auto d = shape.begin(); d != shape.end(); ++d) {
        const bool free = *d == -1;
        if ((free && unknown != shape.end()) || *d < -1 || (!free && __builtin_mul_overflow(known, long{*d}, &known))) {
            eddl::invalid("Tensor::reshape_", shape, " is no shape");
        }
        if (free) unknown = d;
    }
    eddl::require_given("Tensor::reshape", t);
    vector<int> result = shape;
    const long size = static_cast<long>(t->size);
    if (unknown != shape.end() && known != 0) {
        result[static_cast<std::size_t>(unknown - shape.begin())] = static_cast<int>(size / known);
        known *= size / known;
    }
    if (known != size) eddl::invalid("Tensor::reshape_", "from shape ", t->shape, " to ", shape);
    return result;
}

// Gives a tensor another shape of as many elements, in place.
void set_shape(Tensor* t, const vector<int>& shape) {
    t->updateShape(shape);
    t->updateSize();
    t->updateStrides();
}

// Makes the shape and values of t those of `result`, which goes.
void become(Tensor* t, Tensor* result) {
    const std::unique_ptr<Tensor> owner(result);
    set_shape(t, result->shape);
    Tensor::copy(result, t);
}

vector<int> axes_in_order(const Tensor* t) {
    vector<int> dims(t->ndim);
    std::iota(dims.begin(), dims.end(), 0);
    return dims;
}

}  // namespace

void Tensor::reshape_(const vector<int>& new_shape) { set_shape(this, resolve_shape(this, new_shape)); }
void Tensor::flatten_() { reshape_({-1}); }
void Tensor::squeeze_(int axis) { reshape_(compute_squeeze(shape, axis)); }
void Tensor::unsqueeze_(int axis) { reshape_(compute_unsqueeze(shape, axis)); }

Tensor* Tensor::reshape(Tensor* A, const vector<int>& new_shape) {
    return make_tensor(resolve_shape(A, new_shape),
                       [A](Tensor* result) { std::copy(A->ptr, A->ptr + A->size, result->ptr); });
}

Tensor* Tensor::reshape(const vector<int>& new_shape) { return reshape(this, new_shape); }
Tensor* Tensor::flatten(Tensor* A) { return reshape(A, {-1}); }
Tensor* Tensor::flatten() { return flatten(this); }

Tensor* Tensor::squeeze(Tensor* A, int axis) {
    return reshape(A, compute_squeeze(eddl::shape_of("Tensor::squeeze", A), axis));
}

Tensor* Tensor::squeeze(int axis) { return squeeze(this, axis); }

Tensor* Tensor::unsqueeze(Tensor* A, int axis) {
    return reshape(A, compute_unsqueeze(eddl::shape_of("Tensor::unsqueeze", A), axis));
}

Tensor* Tensor::unsqueeze(int axis) { return unsqueeze(this, axis); }

Tensor* Tensor::permute(Tensor* A, const vector<int>& dims) {
    eddl::require_given("Tensor::permute", A);
    PermuteDescriptor descriptor(dims, A->device);
    descriptor.build(A->shape);
    return make_tensor(descriptor.oshape, [&](Tensor* result) { Tensor::select(A, result, &descriptor); });
}

Tensor* Tensor::moveaxis(Tensor* A, int source, int destination) {
    source = eddl::require_axis("Tensor::moveaxis", A, source);
    destination = eddl::require_axis("Tensor::moveaxis", A, destination);
    vector<int> dims = axes_in_order(A);
    dims.erase(dims.begin() + source);
    dims.insert(dims.begin() + destination, source);
    return permute(A, dims);
}

Tensor* Tensor::swapaxis(Tensor* A, int axis1, int axis2) {
    axis1 = eddl::require_axis("Tensor::swapaxis", A, axis1);
    axis2 = eddl::require_axis("Tensor::swapaxis", A, axis2);
    vector<int> dims = axes_in_order(A);
    std::swap(dims[static_cast<std::size_t>(axis1)], dims[static_cast<std::size_t>(axis2)]);
    return permute(A, dims);
}

Tensor* Tensor::permute(const vector<int>& dims) { return permute(this, dims); }
Tensor* Tensor::moveaxis(int source, int destination) { return moveaxis(this, source, destination); }
Tensor* Tensor::swapaxis(int axis1, int axis2) { return swapaxis(this, axis1, axis2); }

void Tensor::permute_(const vector<int>& dims) { become(this, permute(dims)); }
void Tensor::moveaxis_(int source, int destination) { become(this, moveaxis(source, destination)); }
void Tensor::swapaxis_(int axis1, int axis2) { become(this, swapaxis(axis1, axis2)); }

void Tensor::transpose(Tensor* A, Tensor* B, vector<int> dims) {
    eddl::require_given("Tensor::transpose", A, B);
    if (A == B) return A->permute_(dims);
    PermuteDescriptor descriptor(dims, A->device);
    descriptor.build(A->shape);
    eddl::require_shape("Tensor::transpose", B, descriptor.oshape);
    Tensor::select(A, B, &descriptor);
}
