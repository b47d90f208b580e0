// Conv and ConvTranspose over one to three axes.
#include "apis/make.h"
#include "eddl/layers/conv/layer_conv.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/window.h"

namespace eddl::onnx_io {

namespace {

struct Weights {
    Ints dims;
    Floats values;
    Floats bias;
    int groups = 1;

    std::vector<int> kernel() const { return {dims.begin() + 2, dims.end()}; }
};

Weights read_weights(Translation& t, const Node& node, const Value& x) {
    const Constant& constant = t.constant(node, 1, "weights");
    Weights weights{constant.dims, constant.floats(), {}, 1};
    if (constant.dims.size() != x.sample.size() + 1 || constant.dims.size() < 3 || constant.size() == 0) {
        refuse(node, "weights of shape ", constant.dims, " do not fit a sample of shape ", x.sample);
    }
    weights.groups = as_int(node, "group", node.integer("group", 1), 1, INT32_MAX);
    for (const std::int64_t d : constant.dims) as_int(node, "a dimension of the weights", d, 1, MAX_WINDOW);
    if (node.has("kernel_shape") && kernel_shape(node, x.sample.size() - 1) != weights.kernel()) {
        refuse(node, "its kernel_shape ", node.integers("kernel_shape"), " is not that of its weights, ",
               constant.dims);
    }
    if (node.has_input(2)) weights.bias = t.constant(node, 2, "bias").floats();
    return weights;
}

// The numbers a bias adds that follows the convolution, if they are its only reader: one for each channel.
const Node* bias_reader(Translation& t, const Node& node, const Ints& sample, Floats& bias) {
    const Node* reader = t.only_reader(node.outputs[0]);
    if (reader == nullptr || reader->op != "Add" || reader->inputs.size() != 2 || reader->opset < 7) return nullptr;
    const Constant* constant = t.known(reader->inputs[reader->inputs[0] == node.outputs[0] ? 1 : 0]);
    if (constant == nullptr || constant->size() != static_cast<std::size_t>(sample[0])) return nullptr;
    Ints dims = constant->dims;
    if (dims.size() == sample.size() + 1 && dims[0] == 1) dims.erase(dims.begin());
    Ints wanted(sample.size(), 1);
    wanted[0] = sample[0];
    if (dims != wanted) return nullptr;
    bias = constant->floats();
    return reader;
}

template <typename Kind>
Layer* windowed(const Value& x, int filters, const Window& w, const Weights& weights, const std::string& name) {
    return make<Kind>(x.layer, filters, w.kernel, w.strides, "custom", w.pads(), weights.groups, w.dilations,
                      !weights.bias.empty(), name);
}

Value with_weights(const Node& node, const Value& result, const Weights& weights) {
    fill(node, *result.layer->params[0], weights.values);
    if (!weights.bias.empty()) fill(node, *result.layer->params[1], weights.bias);
    return result;
}

Values convolution(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    Weights weights = read_weights(t, node, x);
    const std::int64_t filters = weights.dims[0], channels = x.sample[0];
    if (channels != weights.dims[1] * weights.groups || filters % weights.groups != 0) {
        refuse(node, "weights of shape ", weights.dims, " in ", weights.groups, " groups do not fit ", channels,
               " channels");
    }
    const Window window = read_window(node, x, weights.kernel());
    const Ints sample = slid(node, x, window, filters);
    const Node* reader = weights.bias.empty() ? bias_reader(t, node, sample, weights.bias) : nullptr;
    if (!weights.bias.empty() && static_cast<std::int64_t>(weights.bias.size()) != filters) {
        refuse(node, "a bias of ", weights.bias.size(), " numbers does not fit ", filters, " filters");
    }
    const Value made = t.add(node, sample, "", [&](const std::string& name) {
        const auto number = static_cast<int>(filters);
        switch (window.axes()) {
            case 1: return windowed<LConv1D>(x, number, window.with_column(), weights, name);
            case 2: return windowed<LConv>(x, number, window, weights, name);
            default: return windowed<LConv3D>(x, number, window, weights, name);
        }
    });
    const Value result = with_weights(node, made, weights);
    if (reader != nullptr) t.absorb(*reader, result);
    return {result};
}

// The padding of a transposed convolution is cut off its output. What output_padding adds behind is cut off less;
// layers cut as little as 1 - stride.
Window transposed_window(const Node& node, const Value& x, const std::vector<int>& kernel) {
    const std::size_t axes = kernel.size();
    Window w = read_window(node, x, kernel);
    const auto added =
        as_ints(node, "numbers in output_padding", node.integers("output_padding", Ints(axes, 0)), axes, 0, MAX_WINDOW);
    const bool same = node.text("auto_pad", "NOTSET").rfind("SAME", 0) == 0;
    const bool upper = node.text("auto_pad", "NOTSET") == "SAME_UPPER";
    Ints wanted(axes, 0);
    if (node.has("output_shape")) {
        wanted = node.integers("output_shape");
        if (wanted.size() == axes + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
        as_ints(node, "numbers in output_shape", wanted, axes, 1, INT32_MAX);
    } else if (same) {
        for (std::size_t a = 0; a < axes; ++a) wanted[a] = x.sample[a + 1] * w.strides[a];
    }
    for (std::size_t a = 0; a < axes; ++a) {
        if (wanted[a] != 0) {
            const std::int64_t full = (x.sample[a + 1] - 1) * w.strides[a] + w.extent(a) + added[a];
            const int total = as_int(node, "an output smaller by", full - wanted[a], 1 - w.strides[a], MAX_WINDOW);
            const int smaller = total / 2;
            w.before[a] = upper ? smaller : total - smaller;
            w.after[a] = total - w.before[a];
            if (total < 0) w.before[a] = 0, w.after[a] = total;
        }
        w.after[a] -= added[a];
        if (w.after[a] <= -w.strides[a])
            refuse(node, "an output_padding of ", added, " with strides ", w.strides, " is not covered");
    }
    return w;
}

Values transposed_convolution(Translation& t, const Node& node) {
    Value x = t.layer(node, 0);
    Weights weights = read_weights(t, node, x);
    const std::int64_t filters = weights.dims[1] * weights.groups;
    if (x.sample[0] != weights.dims[0] || x.sample[0] % weights.groups != 0) {
        refuse(node, "weights of shape ", weights.dims, " in ", weights.groups, " groups do not fit ", x.sample[0],
               " channels");
    }
    Window w = transposed_window(node, x, weights.kernel());
    Ints sample{filters};
    for (std::size_t a = 0; a < w.axes(); ++a) {
        sample.push_back((x.sample[a + 1] - 1) * w.strides[a] + w.extent(a) - w.before[a] - w.after[a]);
    }
    if (!weights.bias.empty() && static_cast<std::int64_t>(weights.bias.size()) != filters) {
        refuse(node, "a bias of ", weights.bias.size(), " numbers does not fit ", filters, " filters");
    }
    const Ints shape = sample;
    const bool is_line = w.axes() == 1;  // there is no such layer: an image of one column does
    if (is_line) {
        x = view(t, node, x, {x.sample[0], x.sample[1], 1}, "image");
        sample.push_back(1);
        w = w.with_column();
    }
    const Value made = t.add(node, sample, is_line ? "transposed" : "", [&](const std::string& name) {
        const auto number = static_cast<int>(filters);
        return w.axes() == 2 ? windowed<LConvT2D>(x, number, w, weights, name)
                             : windowed<LConvT3D>(x, number, w, weights, name);
    });
    return {view(t, node, with_weights(node, made, weights), shape, "")};
}

}  // namespace

Operators convolution_operators() { return {{"Conv", convolution}, {"ConvTranspose", transposed_convolution}}; }

}  // namespace eddl::onnx_io
