#include "layers/reduction_plan.h"

namespace eddl {

namespace {

// All sums of one offset from each list, the first list's changing slowest; here with the multiples of a stride.
void extend(std::vector<std::ptrdiff_t>& offsets, int extent, std::ptrdiff_t stride) {
    std::vector<std::ptrdiff_t> extended;
    extended.reserve(offsets.size() * static_cast<std::size_t>(extent));
    for (const std::ptrdiff_t offset : offsets) {
        for (int i = 0; i < extent; ++i) extended.push_back(offset + i * stride);
    }
    offsets.swap(extended);
}

}  // namespace

ReductionPlan::ReductionPlan(const std::vector<int>& sample_shape, const std::vector<int>& axes)
    : rows_{0}, runs_{0} {
    const auto reduced = [&](std::size_t axis) {
        return std::binary_search(axes.begin(), axes.end(), static_cast<int>(axis));
    };
    // The last axes, as far as all are reduced or all are kept, are contiguous.
    std::size_t dense = sample_shape.size();
    while (dense > 0 && reduced(dense - 1) == reduced(sample_shape.size() - 1)) sample_ *= sample_shape[--dense];
    if (dense < sample_shape.size()) (reduced(dense) ? length_ : width_) = sample_;

    std::vector<std::ptrdiff_t> strides(dense);
    for (std::size_t axis = dense; axis-- > 0; sample_ *= sample_shape[axis]) strides[axis] = sample_;
    for (std::size_t axis = 0; axis < dense; ++axis) {
        extend(reduced(axis) ? runs_ : rows_, sample_shape[axis], strides[axis]);
    }
}

}  // namespace eddl
