#include "plan_applier_tensors.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <numeric>
#include <exception>
#include <stdexcept>
#include <utility>

#include "eddl_prune/adapter/plan_applier.h"
#include "eddl_prune/kernels/channels.h"

namespace eddl_prune::adapter {

namespace {

std::atomic<int> steps_until_failure{0};

void set_shape(Tensor& tensor, const std::vector<int>& shape) {
    tensor.updateShape(shape);
    tensor.updateSize();
    tensor.updateStrides();
}

std::size_t product(const std::vector<int>& shape, std::size_t begin, std::size_t end) {
    return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(begin), shape.begin() + static_cast<std::ptrdiff_t>(end),
                           std::size_t{1}, [](std::size_t all, int extent) { return all * static_cast<std::size_t>(extent); });
}

kernels::AxisShape along(const std::vector<int>& shape, std::size_t axis) {
    return {product(shape, 0, axis), static_cast<std::size_t>(shape[axis]), product(shape, axis + 1, shape.size())};
}

bool keeps_all(const Tensor& tensor, const AxisKeep& axis) {
    return axis.keep->size() == static_cast<std::size_t>(tensor.shape[axis.axis]) * axis.groups;
}

// What stays of the axis in each group, numbered within the group.
std::vector<std::vector<std::size_t>> keep_by_group(const AxisKeep& axis, std::size_t extent) {
    std::vector<std::vector<std::size_t>> keep(axis.groups);
    for (const std::size_t entry : *axis.keep) keep[entry / extent].push_back(entry % extent);
    return keep;
}

}  // namespace

void fail_after(int n) { steps_until_failure = n; }

void checkpoint() {
    if (steps_until_failure > 0 && --steps_until_failure == 0) throw std::runtime_error("injected failure");
}

std::vector<int> kept_shape(const Tensor& tensor, const std::vector<AxisKeep>& axes) {
    std::vector<int> shape = tensor.shape;
    for (const AxisKeep& axis : axes) shape[axis.axis] = static_cast<int>(axis.keep->size() / axis.kept_groups);
    return shape;
}

std::unique_ptr<Tensor> gather(const Tensor& tensor, const std::vector<AxisKeep>& axes, std::unique_ptr<Tensor> storage) {
    checkpoint();
    const std::vector<int> shape = kept_shape(tensor, axes);
    std::unique_ptr<Tensor> kept = storage != nullptr ? std::move(storage) : std::make_unique<Tensor>(shape, tensor.device);

    std::vector<AxisKeep> cut;
    for (const AxisKeep& axis : axes)
        if (!keeps_all(tensor, axis)) cut.push_back(axis);
    if (cut.empty()) {
        std::copy_n(tensor.ptr, tensor.size, kept->ptr);
    } else if (cut.size() == 1 && cut[0].groups == 1) {
        kernels::gather_axis(tensor.ptr, along(tensor.shape, cut[0].axis), cut[0].keep->data(), cut[0].keep->size(), kept->ptr);
    } else {
        // Row by row of the first axis, so that there is no intermediate tensor.
        const kernels::AxisShape rows = along(tensor.shape, axes[0].axis);
        const kernels::AxisShape columns{1, static_cast<std::size_t>(tensor.shape[axes[1].axis]), along(tensor.shape, axes[1].axis).inner};
        const std::vector<std::vector<std::size_t>> by_group = keep_by_group(axes[1], columns.extent);
        float* dst = kept->ptr;
        for (const std::size_t row : *axes[0].keep) {
            const float* src = tensor.ptr + row * rows.inner;
            const std::vector<std::size_t>& keep = by_group[row / (rows.extent / axes[1].groups)];
            if (columns.inner == 1)
                for (std::size_t k = 0; k < keep.size(); ++k) dst[k] = src[keep[k]];
            else
                kernels::gather_axis(src, columns, keep.data(), keep.size(), dst);
            dst += keep.size() * columns.inner;
        }
    }
    return kept;
}

void adopt(Tensor& tensor, Tensor& fresh) {
    set_shape(tensor, fresh.shape);
    std::swap(tensor.ptr, fresh.ptr);
    std::swap(tensor.isshared, fresh.isshared);
    // Refreshes EDDL's second view of the data; the flag must be given, its default would make the data foreign.
    tensor.updateData(tensor.ptr, nullptr, tensor.isshared);
}

void reshape_undefined(Tensor& tensor, const std::vector<int>& shape) {
    try {
        Tensor smaller(shape, tensor.device);
        adopt(tensor, smaller);
    } catch (const std::exception&) {
        set_shape(tensor, shape);
        tensor.updateData(tensor.ptr, nullptr, tensor.isshared);
    }
}

void reshape_alias(Tensor& tensor, const std::vector<int>& shape, float* data) {
    set_shape(tensor, shape);
    tensor.updateData(data);
}

}  // namespace eddl_prune::adapter
