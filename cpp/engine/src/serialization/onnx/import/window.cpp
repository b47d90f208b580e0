#include "serialization/onnx/import/window.h"

#include <algorithm>

namespace eddl::onnx_io {

namespace {

// auto_pad: the output has the input's size divided by the stride, rounded up.
void pad_to_same(const Value& x, Window& window, bool upper) {
    for (std::size_t a = 0; a < window.axes(); ++a) {
        const std::int64_t size = x.sample[a + 1];
        const std::int64_t stride = window.strides[a];
        const std::int64_t output = (size + stride - 1) / stride;
        const auto total = static_cast<int>(std::max<std::int64_t>((output - 1) * stride + window.extent(a) - size, 0));
        window.before[a] = upper ? total / 2 : total - total / 2;
        window.after[a] = total - window.before[a];
    }
}

}  // namespace

std::vector<int> Window::pads() const {
    std::vector<int> result;
    for (std::size_t a = 0; a < axes(); ++a) {
        result.push_back(before[a]);
        result.push_back(after[a]);
    }
    return result;
}

bool Window::has_padding() const {
    const auto positive = [](int p) { return p > 0; };
    return std::any_of(before.begin(), before.end(), positive) || std::any_of(after.begin(), after.end(), positive);
}

Window Window::with_column() const {
    Window image = *this;
    for (auto* sizes : {&image.kernel, &image.strides, &image.dilations}) sizes->push_back(1);
    for (auto* sides : {&image.before, &image.after}) sides->push_back(0);
    return image;
}

std::vector<int> kernel_shape(const Node& node, std::size_t axes) {
    return as_ints(node, "numbers in kernel_shape", node.integers("kernel_shape"), axes, 1, MAX_WINDOW);
}

Window read_window(const Node& node, const Value& x, const std::vector<int>& kernel) {
    const std::size_t axes = kernel.size();
    if (x.sample.size() != axes + 1 || axes < 1 || axes > 3) {
        refuse(node, "expected channels and one to three axes for a window ", kernel, ", received a sample of shape ",
               x.sample);
    }
    Window window;
    window.kernel = kernel;
    const Ints ones(axes, 1);
    window.strides = as_ints(node, "strides", node.integers("strides", ones), axes, 1, MAX_WINDOW);
    window.dilations = as_ints(node, "dilations", node.integers("dilations", ones), axes, 1, MAX_WINDOW);
    window.before.assign(axes, 0);
    window.after.assign(axes, 0);
    const std::string mode = node.text("auto_pad", "NOTSET");
    if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
        pad_to_same(x, window, mode == "SAME_UPPER");
    } else if (mode == "NOTSET") {
        const std::vector<int> pads =
            as_ints(node, "pads", node.integers("pads", Ints(2 * axes, 0)), 2 * axes, 0, MAX_WINDOW);
        std::copy_n(pads.begin(), axes, window.before.begin());
        std::copy_n(pads.begin() + static_cast<std::ptrdiff_t>(axes), axes, window.after.begin());
    } else if (mode != "VALID") {
        refuse(node, "auto_pad is '", mode, "'");
    }
    return window;
}

Ints slid(const Node& node, const Value& x, const Window& window, std::int64_t channels) {
    Ints sample{channels};
    for (std::size_t a = 0; a < window.axes(); ++a) {
        const std::int64_t room = x.sample[a + 1] + window.before[a] + window.after[a] - window.extent(a);
        if (room < 0)
            refuse(node, "a window ", window.kernel, " is larger than its input ", x.sample, " with pads ",
                   window.pads());
        sample.push_back(room / window.strides[a] + 1);
    }
    return sample;
}

}  // namespace eddl::onnx_io
