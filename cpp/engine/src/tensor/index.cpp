// Selecting elements by ranges, by rows and by condition.
#include <algorithm>
#include <cmath>

#include "parallel.h"
#include "tensor/elementwise.h"

using eddl::make_tensor;

namespace {

// `inside` holds the elements of sd's input shape, `outside` those of its output.
void require_fit(const char* function, const SelDescriptor* sd, const Tensor* inside, const Tensor* outside) {
    eddl::require_given(function, sd, inside, outside);
    const auto elements = static_cast<std::size_t>(shape2size(sd->ishape));
    if (inside->size != elements || outside->size != sd->cpu_addresses.size()) {
        eddl::invalid(function, "tensors of shapes ", inside->shape, " and ", outside->shape,
                      " for a descriptor from ", sd->ishape, " to ", sd->oshape);
    }
}

template <typename Visit>
void for_each_address(const SelDescriptor* sd, Visit visit) {
    const int* address = sd->cpu_addresses.data();
    eddl::parallel_for(static_cast<std::ptrdiff_t>(sd->cpu_addresses.size()),
                       [=](std::ptrdiff_t i) { visit(i, address[i]); });
}

// Calls visit(row of `rows`, row of `batch`, elements, index) for the indices sind[ini … end).
template <typename Visit>
void for_each_row(const char* function, Tensor* rows, Tensor* batch, const vector<int>& sind, int ini, int end,
                  Visit visit) {
    eddl::require_given(function, rows, batch);
    if (rows->ndim == 0 || batch->ndim == 0 || rows->stride[0] != batch->stride[0]) {
        eddl::invalid(function, "rows of shapes ", rows->shape, " and ", batch->shape, " differ");
    }
    if (ini < 0 || end < ini || end > static_cast<int>(sind.size()) || end - ini > batch->shape[0]) {
        eddl::invalid(function, "range [", ini, ", ", end, ") of ", sind.size(), " indices for ", batch->shape[0],
                      " rows");
    }
    for (int i = ini; i < end; ++i) {
        const int index = sind[static_cast<std::size_t>(i)];
        if (index < 0 || index >= rows->shape[0]) {
            eddl::invalid(function, "row ", index, " of a tensor of shape ", rows->shape);
        }
    }
    const std::ptrdiff_t length = rows->stride[0];
    for (int i = ini; i < end; ++i) {
        const int index = sind[static_cast<std::size_t>(i)];
        visit(rows->ptr + index * length, batch->ptr + (i - ini) * length, length, index);
    }
}

SelDescriptor built(const vector<string>& indices, const Tensor* t) {
    SelDescriptor descriptor(indices, t->device);
    descriptor.build(t->shape);
    return descriptor;
}

}  // namespace

void Tensor::select(Tensor* A, Tensor* B, SelDescriptor* sd) {
    require_fit("Tensor::select", sd, A, B);
    const float* from = A->ptr;
    float* to = B->ptr;
    for_each_address(sd, [=](std::ptrdiff_t i, int address) { to[i] = from[address]; });
}

// One thread: several outputs may come from one input.
void Tensor::select_back(Tensor* A, Tensor* B, SelDescriptor* sd) {
    require_fit("Tensor::select_back", sd, B, A);
    for (std::size_t i = 0; i < sd->cpu_addresses.size(); ++i) B->ptr[sd->cpu_addresses[i]] += A->ptr[i];
}

void Tensor::set_select(Tensor* A, Tensor* B, SelDescriptor* sd) {
    require_fit("Tensor::set_select", sd, A, B);
    float* to = A->ptr;
    const float* from = B->ptr;
    for_each_address(sd, [=](std::ptrdiff_t i, int address) { to[address] = from[i]; });
}

void Tensor::set_select_back(Tensor* A, Tensor* B, SelDescriptor* sd) {
    require_fit("Tensor::set_select_back", sd, A, B);
    const float* from = A->ptr;
    float* to = B->ptr;
    for_each_address(sd, [=](std::ptrdiff_t i, int address) { to[i] += from[address]; });
}

void Tensor::gather(Tensor* A, Tensor* B, GatherDescriptor* sd) { set_select(A, B, sd); }

Tensor* Tensor::select(const vector<string>& indices) {
    SelDescriptor descriptor = built(indices, this);
    return make_tensor(descriptor.oshape, [&](Tensor* result) { select(this, result, &descriptor); });
}

void Tensor::set_select(const vector<string>& indices, float value) {
    SelDescriptor descriptor = built(indices, this);
    for (int address : descriptor.cpu_addresses) ptr[address] = value;
}

void Tensor::set_select(const vector<string>& indices, Tensor* A) {
    SelDescriptor descriptor = built(indices, this);
    eddl::require_shape("Tensor::set_select", A, descriptor.oshape);
    set_select(this, A, &descriptor);
}

void Tensor::select(Tensor* A, Tensor* B, vector<int> sind, int ini, int end, bool mask_zeros) {
    for_each_row("Tensor::select", A, B, sind, ini, end,
                 [=](const float* from, float* to, std::ptrdiff_t n, int index) {
                     if (mask_zeros && index == 0) {
                         std::fill(to, to + n, 0.0f);
                     } else {
                         std::copy(from, from + n, to);
                     }
                 });
}

void Tensor::deselect(Tensor* A, Tensor* B, vector<int> sind, int ini, int end, int inc, bool mask_zeros) {
    for_each_row("Tensor::deselect", B, A, sind, ini, end,
                 [=](float* to, const float* from, std::ptrdiff_t n, int index) {
                     const bool zero = mask_zeros && index == 0;
                     for (std::ptrdiff_t j = 0; j < n; ++j) to[j] = zero ? 0.0f : (inc ? to[j] + from[j] : from[j]);
                 });
}

std::pair<unsigned int*, int> Tensor::_nonzero() {
    const auto count = static_cast<std::size_t>(size) - static_cast<std::size_t>(std::count(ptr, ptr + size, 0.0f));
    auto* positions = static_cast<unsigned int*>(eddl_malloc(count * sizeof(unsigned int), "Tensor::nonzero"));
    unsigned int* next = positions;
    for (unsigned long i = 0; i < size; ++i) {
        if (ptr[i] != 0.0f) *next++ = static_cast<unsigned int>(i);
    }
    return {positions, static_cast<int>(count)};
}

// The positions come in order anyway.
Tensor* Tensor::nonzero(bool) {
    const auto found = _nonzero();
    const std::unique_ptr<unsigned int, void (*)(void*)> positions(found.first, eddl_free);
    return make_tensor({found.second}, [&](Tensor* result) {
        std::copy(positions.get(), positions.get() + found.second, result->ptr);
    });
}

void Tensor::where(Tensor* condition, Tensor* A, Tensor* B, Tensor* C) {
    const char* const name = "Tensor::where";
    eddl::require_same_shape(name, condition, A, B);
    eddl::require_same_shape(name, condition, C);
    const float *holds = condition->ptr, *a = A->ptr, *b = B->ptr;
    float* c = C->ptr;
    eddl::parallel_for(static_cast<std::ptrdiff_t>(C->size),
                       [=](std::ptrdiff_t i) { c[i] = holds[i] != 0.0f ? a[i] : b[i]; });
}

Tensor* Tensor::where(Tensor* condition, Tensor* A, Tensor* B) {
    return make_tensor(eddl::shape_of("Tensor::where", A), [=](Tensor* result) { where(condition, A, B, result); });
}

void Tensor::where_back(Tensor* condition, Tensor* PD_A, Tensor* PD_B, Tensor* D) {
    eddl::map("Tensor::where_back", condition, D, PD_A, true, [](float c, float d) { return c != 0.0f ? d : 0.0f; });
    eddl::map("Tensor::where_back", condition, D, PD_B, true, [](float c, float d) { return c != 0.0f ? 0.0f : d; });
}
