#include "serialization/onnx/import/layout.h"

#include <algorithm>
#include <numeric>

namespace eddl::onnx_io {

namespace {

Ints counted(std::size_t number) {
    Ints result(number);
    std::iota(result.begin(), result.end(), 0);
    return result;
}

// As ONNX clamps them: places beyond the axis are its end.
SlicedAxis sliced(const Node& node, std::size_t axis, std::int64_t start, std::int64_t end, std::int64_t step,
                  std::int64_t size) {
    if (step == 0) refuse(node, "a step is 0");
    if (size == 0) return {axis, 0, 1, 0};
    const bool forward = step > 0;
    const auto from_front = [size](std::int64_t i) { return i < 0 ? i + size : i; };
    step = std::clamp<std::int64_t>(step, -size, size);
    start = std::clamp<std::int64_t>(from_front(start), 0, forward ? size : size - 1);
    end = std::clamp<std::int64_t>(from_front(end), forward ? 0 : -1, size);
    const std::int64_t room = forward ? end - start : start - end;
    const std::int64_t stride = forward ? step : -step;
    return {axis, start, step, room <= 0 ? 0 : (room + stride - 1) / stride};
}

}  // namespace

const Ints& integers(const Node& node, const Arguments& inputs, std::size_t i) {
    if (i >= inputs.size() || inputs[i] == nullptr) refuse(node, "input ", i, " is missing");
    return inputs[i]->integers(node, "input " + std::to_string(i));
}

Ints read_order(const Node& node, std::size_t rank) {
    Ints order = counted(rank);
    std::reverse(order.begin(), order.end());
    order = node.integers("perm", order);
    Ints sorted = order;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != counted(rank)) refuse(node, order, " is no order of ", rank, " axes");
    return order;
}

std::vector<SlicedAxis> read_slices(const Node& node, const Arguments& inputs, const Ints& dims) {
    const bool attributes = node.opset < 10;
    const auto list = [&](const char* attribute, std::size_t i, const Ints& otherwise) {
        if (attributes) return node.integers(attribute, otherwise);
        return i < inputs.size() && inputs[i] != nullptr ? integers(node, inputs, i) : otherwise;
    };
    const Ints starts = list("starts", 1, {}), ends = list("ends", 2, {});
    const Ints axes = list("axes", 3, counted(starts.size())), steps = list("steps", 4, Ints(starts.size(), 1));
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
        refuse(node, "starts ", starts, ", ends ", ends, ", axes ", axes, " and steps ", steps, " differ in number");
    }
    std::vector<SlicedAxis> result;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const std::size_t axis = as_axis(node, axes[i], dims.size());
        for (const SlicedAxis& other : result)
            if (other.axis == axis) refuse(node, "axes ", axes, " repeat");
        result.push_back(sliced(node, axis, starts[i], ends[i], steps[i], dims[axis]));
    }
    return result;
}

}  // namespace eddl::onnx_io
