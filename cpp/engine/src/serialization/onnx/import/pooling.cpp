// Maximum and average pools, windowed and global.
#include <algorithm>

#include "apis/make.h"
#include "eddl/layers/operators/layer_operators.h"
#include "eddl/layers/pool/layer_pool.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/window.h"

namespace eddl::onnx_io {

namespace {

template <typename Pool>
Value windowed(Translation& t, const Node& node, const Value& x, const Window& w, const std::string& part) {
    return t.add(node, slid(node, x, w, x.sample[0]), part, [&](const std::string& name) {
        const Window seen = w.axes() == 1 ? w.with_column() : w;
        return make<Pool>(x.layer, seen.kernel, seen.strides, seen.pads(), name);
    });
}

template <typename Pool1D, typename Pool2D, typename Pool3D>
Value pool(Translation& t, const Node& node, const Value& x, const Window& w, const std::string& part) {
    switch (w.axes()) {
        case 1: return windowed<Pool1D>(t, node, x, w, part);
        case 2: return windowed<Pool2D>(t, node, x, w, part);
        default: return windowed<Pool3D>(t, node, x, w, part);
    }
}
constexpr auto max_pool_of = pool<LMaxPool1D, LMaxPool, LMaxPool3D>;
constexpr auto average_pool_of = pool<LAveragePool1D, LAveragePool, LAveragePool3D>;

// The window with which an axis' last, partial position counts too: as long as it begins inside of the input or the
// padding before it.
Window rounded_up(const Node& node, const Value& x, Window w) {
    if (!node.flag("ceil_mode", false)) return w;
    const Ints floor = slid(node, x, w, 1);
    for (std::size_t a = 0; a < w.axes(); ++a) {
        const std::int64_t next = floor[a + 1] * w.strides[a];  // where the position after the last would begin
        const std::int64_t padded = x.sample[a + 1] + w.before[a] + w.after[a];
        const bool is_whole = next - w.strides[a] + w.extent(a) == padded;
        if (!is_whole && next < x.sample[a + 1] + w.before[a])
            w.after[a] += static_cast<int>(next + w.extent(a) - padded);
    }
    return w;
}

Window read_pool(const Node& node, const Value& x) {
    if (x.sample.size() < 2)
        refuse(node, "expected channels and at least one axis, received a sample of shape ", x.sample);
    const Window w = read_window(node, x, kernel_shape(node, x.sample.size() - 1));
    for (const int d : w.dilations)
        if (d != 1) refuse(node, "dilations ", w.dilations, " are not covered for pools");
    for (std::size_t a = 0; a < w.axes(); ++a)
        if (w.before[a] >= w.kernel[a] || w.after[a] >= w.kernel[a]) {
            refuse(node, "pads ", w.pads(), " leave windows ", w.kernel, " without input");
        }
    return w;
}

Values max_pool(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    return {max_pool_of(t, node, x, rounded_up(node, x, read_pool(node, x)), "")};
}

// What each position's mean over the whole window must be multiplied with to be one over the cells that count, which
// lie from `begin` to `end` of each axis: a number for each position of an axis, as the window is a product of
// intervals.
std::vector<Floats> corrections(const Ints& sample, const Window& w, const std::vector<int>& before,
                                const std::vector<int>& after, const Value& x) {
    std::vector<Floats> result;
    for (std::size_t a = 0; a < w.axes(); ++a) {
        Floats axis;
        for (std::int64_t o = 0; o < sample[a + 1]; ++o) {
            const std::int64_t begin = o * w.strides[a] - w.before[a];
            const std::int64_t first = std::max<std::int64_t>(begin, -before[a]);
            const std::int64_t last = std::min<std::int64_t>(begin + w.kernel[a], x.sample[a + 1] + after[a]);
            axis.push_back(static_cast<float>(w.kernel[a]) /
                           static_cast<float>(std::max<std::int64_t>(last - first, 1)));
        }
        result.push_back(std::move(axis));
    }
    return result;
}

// Layers divide by the whole window. Where the file does not, a constant corrects it.
Values average_pool(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const Window given = read_pool(node, x);
    const Window w = rounded_up(node, x, given);
    // EDDL counts it, and does not say so in its files.
    const bool counts_padding = node.flag("count_include_pad", t.is_from_eddl());
    const bool is_exact = counts_padding ? w.after == given.after : !w.has_padding();
    if (is_exact) return {average_pool_of(t, node, x, w, "")};
    const Value mean = average_pool_of(t, node, x, w, "mean");
    const std::vector<int> none(w.axes(), 0);
    const auto factors = corrections(mean.sample, w, counts_padding ? given.before : none,
                                     counts_padding ? given.after : none, x);
    Constant constant{mean.sample, Floats{1.0f}};
    constant.dims[0] = 1;
    Floats& values = std::get<Floats>(constant.data);
    for (const Floats& axis : factors) {  // the outer product, axis by axis
        Floats product;
        t.reserve(node, static_cast<std::int64_t>(values.size() * axis.size()));
        for (const float v : values)
            for (const float f : axis) product.push_back(v * f);
        values = std::move(product);
    }
    const Value factor =
        spread(t, node, constant_layer(t, node, constant, mean.sample.size(), "factor"), mean.sample, "factors");
    return {t.add(node, mean.sample, "", [&](const std::string& name) {
        return make<LMult>(mean.layer, factor.layer, name);
    })};
}

// One window over everything.
Window everything(const Node& node, const Value& x) {
    const std::size_t axes = x.sample.size() - 1;
    if (x.sample.empty() || axes < 1)
        refuse(node, "expected channels and at least one axis, received a sample of shape ", x.sample);
    Window w;
    w.kernel.assign(x.sample.begin() + 1, x.sample.end());
    w.strides.assign(axes, 1);
    w.dilations.assign(axes, 1);
    w.before.assign(axes, 0);
    w.after.assign(axes, 0);
    return w;
}

Values global_max_pool(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    return {max_pool_of(t, node, x, everything(node, x), "")};
}

Values global_average_pool(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    return {average_pool_of(t, node, x, everything(node, x), "")};
}

}  // namespace

Operators pooling_operators() {
    return {{"MaxPool", max_pool}, {"AveragePool", average_pool}, {"GlobalMaxPool", global_max_pool},
            {"GlobalAveragePool", global_average_pool}};
}

}  // namespace eddl::onnx_io
