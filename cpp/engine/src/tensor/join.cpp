// Joining tensors, and repeating one.
#include <algorithm>

#include "parallel.h"
#include "tensor/support.h"

using eddl::fill_output;
using eddl::make_tensor;

namespace {

// The shape of the tensors side by side along `axis`.
vector<int> joined_shape(const char* function, const vector<Tensor*>& tensors, unsigned int axis) {
    if (tensors.empty()) eddl::invalid(function, "no tensors");
    for (const Tensor* t : tensors) eddl::require_given(function, t);
    vector<int> shape = tensors[0]->shape;
    if (axis >= shape.size()) eddl::invalid(function, "axis ", axis, " of tensors of shape ", shape);
    shape[axis] = 0;
    for (const Tensor* t : tensors) {
        vector<int> other = t->shape;
        if (other.size() == shape.size()) other[axis] = shape[axis];
        if (other != shape) {
            eddl::invalid(function, "shapes ", tensors[0]->shape, " and ", t->shape, " differ beyond axis ", axis);
        }
        shape[axis] += t->shape[axis];
    }
    return shape;
}

// Calls visit(values of the whole, values of the part, how many) for each run of values that is contiguous in both.
template <typename Visit>
void for_each_run(Tensor* whole, const vector<Tensor*>& parts, unsigned int axis, Visit visit) {
    const std::ptrdiff_t whole_run = std::ptrdiff_t{whole->stride[axis]} * whole->shape[axis];
    std::ptrdiff_t offset = 0;
    for (Tensor* part : parts) {
        const std::ptrdiff_t run = std::ptrdiff_t{part->stride[axis]} * part->shape[axis];
        if (run == 0) continue;
        eddl::parallel_for(
            static_cast<std::ptrdiff_t>(part->size) / run,
            [=](std::ptrdiff_t i) { visit(whole->ptr + i * whole_run + offset, part->ptr + i * run, run); }, run);
        offset += run;
    }
}

vector<unsigned int> same_repeats(const char* function, const Tensor* A, unsigned int repeats, unsigned int axis) {
    eddl::require_axis(function, A, static_cast<int>(axis));
    return vector<unsigned int>(static_cast<std::size_t>(A->shape[axis]), repeats);
}

// `descriptor`, built on A's shape, applied to A.
Tensor* selected(const char* function, Tensor* A, Tensor* output, SelDescriptor&& descriptor) {
    return fill_output(function, descriptor.oshape, output,
                       [&](Tensor* result) { Tensor::select(A, result, &descriptor); });
}

// The shape that `small` takes under `large` when both are broadcast, or {} if it cannot: trailing axes are matched;
// a single axis that matches none at the end may match one further left.
vector<int> aligned_shape(const vector<int>& small, const vector<int>& large) {
    const auto fits = [&](std::size_t at) {
        for (std::size_t d = 0; d < small.size(); ++d) {
            if (small[d] != 1 && small[d] != large[at + d]) return false;
        }
        return true;
    };
    for (std::size_t left = large.size() - small.size() + 1; left-- > 0;) {
        if (fits(left)) {
            vector<int> shape(large.size(), 1);
            std::copy(small.begin(), small.end(), shape.begin() + static_cast<std::ptrdiff_t>(left));
            return shape;
        }
        if (small.size() != 1) break;
    }
    return {};
}

}  // namespace

Tensor* Tensor::concat(vector<Tensor*> A, unsigned int axis, Tensor* output) {
    const char* const name = "Tensor::concat";
    return fill_output(name, joined_shape(name, A, axis), output, [&](Tensor* result) {
        for_each_run(result, A, axis,
                     [](float* whole, float* part, std::ptrdiff_t n) { std::copy(part, part + n, whole); });
    });
}

void Tensor::concat_back(Tensor* A, vector<Tensor*> t, unsigned int axis) {
    const char* const name = "Tensor::concat_back";
    eddl::require_shape(name, A, joined_shape(name, t, axis));
    for_each_run(A, t, axis, [](float* whole, float* part, std::ptrdiff_t n) {
        for (std::ptrdiff_t i = 0; i < n; ++i) part[i] += whole[i];
    });
}

Tensor* Tensor::stack(vector<Tensor*> A, unsigned int axis, Tensor* output) {
    vector<std::unique_ptr<Tensor>> views;
    vector<Tensor*> parts;
    for (Tensor* t : A) {
        const vector<int>& shape = eddl::shape_of("Tensor::stack", t);
        views.emplace_back(new Tensor(compute_unsqueeze(shape, static_cast<int>(axis)), t));
        parts.push_back(views.back().get());
    }
    return concat(parts, axis, output);
}

Tensor* Tensor::repeat(Tensor* A, const vector<unsigned int>& repeats, unsigned int axis, Tensor* output,
                       bool derivative) {
    const char* const name = "Tensor::repeat";
    eddl::require_given(name, A);
    RepeatDescriptor descriptor(repeats, axis, A->device);
    descriptor.build(A->shape);
    if (!derivative) return selected(name, A, output, std::move(descriptor));
    // The other way: A += what its elements became.
    if (output == nullptr) eddl::invalid(name, "the derivative needs the repeated tensor");
    eddl::require_shape(name, output, descriptor.oshape);
    Tensor::select_back(output, A, &descriptor);
    return output;
}

Tensor* Tensor::repeat(Tensor* A, unsigned int repeats, unsigned int axis, Tensor* output, bool derivative) {
    return repeat(A, same_repeats("Tensor::repeat", A, repeats, axis), axis, output, derivative);
}

Tensor* Tensor::repeat_desc(Tensor* A, const vector<unsigned int>& repeats, unsigned int axis, Tensor* output) {
    return repeat(A, repeats, axis, output);
}

Tensor* Tensor::repeat_desc(Tensor* A, unsigned int repeats, unsigned int axis, Tensor* output) {
    return repeat(A, repeats, axis, output);
}

Tensor* Tensor::tile(Tensor* A, const vector<int>& repeats) {
    eddl::require_given("Tensor::tile", A);
    TileDescriptor descriptor(repeats, A->device);
    descriptor.build(A->shape);
    return selected("Tensor::tile", A, nullptr, std::move(descriptor));
}

void Tensor::tile_deprecated(Tensor* A, Tensor* B) {
    const char* const name = "Tensor::tile_deprecated";
    eddl::require_given(name, A, B);
    if (A->ndim == 0 || B->ndim != A->ndim || !std::equal(A->shape.begin() + 1, A->shape.end(), B->shape.begin() + 1)) {
        eddl::invalid(name, "shapes ", A->shape, " and ", B->shape, " may differ in the first dimension only");
    }
    eddl::require_values(name, A);
    for (unsigned long i = 0; i < B->size; ++i) B->ptr[i] = A->ptr[i % A->size];
}

Tensor* Tensor::broadcast(Tensor* A, Tensor* B, Tensor* output) {
    const char* const name = "Tensor::broadcast";
    eddl::require_given(name, A, B);
    Tensor *small = A, *large = B;
    if (A->ndim > B->ndim || (A->ndim == B->ndim && aligned_shape(A->shape, B->shape).empty())) std::swap(small, large);
    const vector<int> from = aligned_shape(small->shape, large->shape);
    if (from.empty()) eddl::invalid(name, "shapes ", A->shape, " and ", B->shape, " do not fit");

    vector<int> repeats;
    for (std::size_t d = 0; d < from.size(); ++d) repeats.push_back(from[d] == large->shape[d] ? 1 : large->shape[d]);
    TileDescriptor descriptor(repeats, A->device);
    descriptor.build(from);
    Tensor view(from, small);
    return selected(name, &view, output, std::move(descriptor));
}

Tensor* Tensor::expand(Tensor* A, int size) {
    eddl::require_given("Tensor::expand", A);
    ExpandDescriptor descriptor(size, A->device);
    descriptor.build(A->shape);
    return selected("Tensor::expand", A, nullptr, std::move(descriptor));
}

Tensor* Tensor::expand(int size) { return expand(this, size); }
void Tensor::expand(Tensor* A, Tensor* B, ExpandDescriptor* sd) { Tensor::select(A, B, sd); }
