// Operators that make the axes of a sample longer or shorter: padding, resizing.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "apis/make.h"
#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/da/layer_da.h"
#include "serialization/onnx/import/channels.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

// ---- Pad ----

struct Padding {
    std::int64_t before = 0, after = 0;
};

// For each axis of the sample.
std::vector<Padding> read_padding(Translation& t, const Node& node, const Value& x) {
    const std::size_t rank = x.sample.size() + 1;
    const Ints pads = node.opset < 2    ? node.integers("paddings")
                      : node.opset < 11 ? node.integers("pads")
                                        : t.constant(node, 1, "pads").integers(node, "pads");
    Ints axes(rank);
    std::iota(axes.begin(), axes.end(), 0);
    if (node.opset >= 18 && node.has_input(3)) axes = t.constant(node, 3, "axes").integers(node, "axes");
    if (pads.size() != 2 * axes.size()) refuse(node, "expected ", 2 * axes.size(), " pads, received ", pads);
    std::vector<Padding> result(rank);
    for (std::size_t i = 0; i < axes.size(); ++i) {
        for (const std::int64_t p : {pads[i], pads[i + axes.size()]}) as_int(node, "pads", p, -(1 << 24), 1 << 24);
        result[as_axis(node, axes[i], rank)] = {pads[i], pads[i + axes.size()]};
    }
    if (result[0].before != 0 || result[0].after != 0) refuse(node, "the batch cannot be padded");
    result.erase(result.begin());
    return result;
}

float padding_value(Translation& t, const Node& node) {
    float value = node.number("value", 0.0f);
    if (node.opset >= 11 && node.has_input(2) && !is_uniform(t.constant(node, 2, "constant_value"), value)) {
        refuse(node, "expected one number as constant_value");
    }
    return value;
}

// Layers pad rows and columns of images: [channels, rows, columns].
Value pad_image(Translation& t, const Node& node, const Value& x, Padding rows, Padding columns, float value,
                const std::string& part) {
    const Ints sample{x.sample[0], x.sample[1] + rows.before + rows.after,
                      x.sample[2] + columns.before + columns.after};
    // top, right, bottom, left
    const std::vector<int> pads{static_cast<int>(rows.before), static_cast<int>(columns.after),
                                static_cast<int>(rows.after), static_cast<int>(columns.before)};
    return t.add(node, sample, part, [&](const std::string& name) { return make<LPad>(x.layer, pads, value, name); });
}

// One axis of any sample: what is before it is seen as channels, it as rows, what is behind it as columns.
Value pad_axis(Translation& t, const Node& node, const Value& x, std::size_t axis, Padding padding, float value,
               const std::string& part) {
    const auto place = x.sample.begin() + static_cast<std::ptrdiff_t>(axis);
    const auto product = [](auto first, auto last) {
        return std::accumulate(first, last, std::int64_t{1}, std::multiplies<>());
    };
    const Value image = view(t, node, x, {product(x.sample.begin(), place), *place, product(place + 1, x.sample.end())},
                             part + "_image");
    const Value padded = pad_image(t, node, image, padding, {}, value, part + "_padded");
    Ints sample = x.sample;
    sample[axis] += padding.before + padding.after;
    return view(t, node, padded, sample, part);
}

// All channels, and -1 for each that is added.
Ints with_zeros(Translation& t, const Node& node, std::int64_t channels, Padding padding) {
    const std::int64_t size = padding.before + channels + padding.after;
    t.reserve(node, size);
    Ints indices(static_cast<std::size_t>(size), -1);
    std::iota(indices.begin() + padding.before, indices.end() - padding.after, std::int64_t{0});
    return indices;
}

// The element of an axis that a place outside of it shows.
std::int64_t mirrored(std::int64_t i, std::int64_t size, const std::string& mode) {
    if (mode == "edge") return std::clamp<std::int64_t>(i, 0, size - 1);
    if (mode == "wrap") return ((i % size) + size) % size;
    if (size == 1) return 0;
    const std::int64_t period = 2 * (size - 1), place = ((i % period) + period) % period;
    return place < size ? place : period - place;
}

Value cropped(Translation& t, const Node& node, Value x, std::vector<Padding>& paddings) {
    for (std::size_t a = 0; a < paddings.size(); ++a) {
        Padding& p = paddings[a];
        const std::int64_t begin = std::max<std::int64_t>(-p.before, 0),
                           end = x.sample[a] + std::min<std::int64_t>(p.after, 0);
        if (begin >= end) refuse(node, "it leaves nothing of axis ", a + 1);
        x = range(t, node, x, a, begin, end, "cropped");
        p = {std::max<std::int64_t>(p.before, 0), std::max<std::int64_t>(p.after, 0)};
    }
    return x;
}

Values pad(Translation& t, const Node& node) {
    std::vector<Padding> paddings = read_padding(t, node, t.layer(node, 0));
    const std::string mode = node.text("mode", "constant");
    if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
        refuse(node, "mode is '", mode, "'");
    Value x = cropped(t, node, t.layer(node, 0), paddings);
    const float value = padding_value(t, node);
    const auto is_padded = [](const Padding& p) { return p.before != 0 || p.after != 0; };
    if (mode == "constant" && paddings.size() == 3 && !is_padded(paddings[0])) {
        if (!is_padded(paddings[1]) && !is_padded(paddings[2])) return {x};
        return {pad_image(t, node, x, paddings[1], paddings[2], value, "")};
    }
    std::size_t left = static_cast<std::size_t>(std::count_if(paddings.begin(), paddings.end(), is_padded));
    for (std::size_t a = 0; a < paddings.size(); ++a) {
        const Padding p = paddings[a];
        if (!is_padded(p)) continue;
        const std::string part = --left == 0 ? "" : "axis" + std::to_string(a + 1);
        if (mode == "constant" && value == 0.0f && a == 0) {
            x = take_channels(t, node, x, with_zeros(t, node, x.sample[0], p), part);
            continue;
        }
        if (mode == "constant") {
            x = pad_axis(t, node, x, a, p, value, part);
            continue;
        }
        Ints indices;
        for (std::int64_t i = -p.before; i < x.sample[a] + p.after; ++i)
            indices.push_back(mirrored(i, x.sample[a], mode));
        x = pick(t, node, x, a, indices, part);
    }
    return {x};
}

// ---- Resize, Upsample ----

struct Axis {
    std::int64_t in = 0, out = 0;
    float scale = 1.0f;
};

struct Resampling {
    std::string mode, coordinates, nearest;
    double cubic = -0.75;
    bool exclude_outside = false, antialias = false;
};

// Where output position o lies on the input. Single precision, as runtimes have it: it decides which neighbour is
// nearest.
float source_of(const Node& node, const Axis& a, const std::string& coordinates, std::int64_t o) {
    const auto x = static_cast<float>(o), in = static_cast<float>(a.in), out = static_cast<float>(a.out);
    if (coordinates == "half_pixel") return (x + 0.5f) / a.scale - 0.5f;
    if (coordinates == "asymmetric") return x / a.scale;
    if (coordinates == "align_corners") return a.out == 1 ? 0.0f : x * (in - 1.0f) / (out - 1.0f);
    if (coordinates == "pytorch_half_pixel") return a.out == 1 ? 0.0f : (x + 0.5f) / a.scale - 0.5f;
    if (coordinates == "tf_half_pixel_for_nn") return (x + 0.5f) / a.scale;
    if (coordinates == "half_pixel_symmetric") {
        const float adjustment = out / (a.scale * in);
        return in / 2.0f * (1.0f - adjustment) + (x + 0.5f) / a.scale - 0.5f;
    }
    refuse(node, "coordinate_transformation_mode '", coordinates, "' is not covered");
}

std::int64_t nearest(const Node& node, float x, const std::string& mode) {
    if (mode == "floor") return static_cast<std::int64_t>(std::floor(x));
    if (mode == "ceil") return static_cast<std::int64_t>(std::ceil(x));
    if (mode == "round_prefer_floor") return static_cast<std::int64_t>(std::ceil(x - 0.5f));
    if (mode == "round_prefer_ceil") return static_cast<std::int64_t>(std::floor(x + 0.5f));
    refuse(node, "nearest_mode is '", mode, "'");
}

// The weight of a neighbour at distance d.
double linear_weight(double d) { return std::max(0.0, 1.0 - std::abs(d)); }

double cubic_weight(double d, double a) {
    const double x = std::abs(d);
    if (x <= 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0) return ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a;
    return 0.0;
}

// What each output position takes of each input position.
void weigh(const Node& node, LinearMap& map, const Axis& a, const Resampling& r) {
    const bool cubic = r.mode == "cubic";
    const double stretch = r.antialias && a.scale < 1.0f ? 1.0 / static_cast<double>(a.scale) : 1.0;
    for (std::int64_t o = 0; o < a.out; ++o) {
        const float x = source_of(node, a, r.coordinates, o);
        if (r.mode == "nearest") {
            map.at(std::clamp<std::int64_t>(nearest(node, x, r.nearest), 0, a.in - 1), o) = 1.0f;
            continue;
        }
        const double reach = (cubic ? 2.0 : 1.0) * stretch;
        double total = 0.0;
        std::vector<std::pair<std::int64_t, double>> neighbours;
        for (auto i = static_cast<std::int64_t>(std::floor(static_cast<double>(x) - reach));
             i <= static_cast<std::int64_t>(std::ceil(static_cast<double>(x) + reach)); ++i) {
            const double d = (static_cast<double>(i) - static_cast<double>(x)) / stretch;
            const double weight = cubic ? cubic_weight(d, r.cubic) : linear_weight(d);
            if (weight == 0.0 || (r.exclude_outside && (i < 0 || i >= a.in))) continue;
            neighbours.emplace_back(std::clamp<std::int64_t>(i, 0, a.in - 1), weight);
            total += weight;
        }
        const double norm = r.exclude_outside || stretch != 1.0 ? total : 1.0;
        for (const auto& [i, weight] : neighbours) map.at(i, o) += static_cast<float>(weight / norm);
    }
}

// Layers repeat rows and columns a whole number of times.
bool repeats(const std::vector<Axis>& axes, const Resampling& r, std::vector<int>& times) {
    if (r.mode != "nearest" || axes.size() != 3 || axes[0].in != axes[0].out) return false;
    const bool floors = r.coordinates == "asymmetric" && r.nearest == "floor";
    const bool rounds = r.coordinates == "half_pixel" && r.nearest.rfind("round", 0) == 0;
    for (std::size_t a = 1; a < 3; ++a) {
        if (axes[a].out % axes[a].in != 0) return false;
        const std::int64_t n = axes[a].out / axes[a].in;
        if (axes[a].scale != static_cast<float>(n) || !(floors || rounds)) return false;
        times.push_back(static_cast<int>(n));
    }
    return true;
}

Value resampled(Translation& t, const Node& node, Value x, const std::vector<Axis>& axes, const Resampling& r) {
    std::vector<int> times;
    Ints sample;
    for (const Axis& a : axes) sample.push_back(a.out);
    if (repeats(axes, r, times)) {
        return t.add(node, sample, "",
                     [&](const std::string& name) { return make<LUpSampling>(x.layer, times, "nearest", name); });
    }
    const auto changes = [&](const Axis& a) { return a.in != a.out || a.scale != 1.0f; };
    auto left = std::count_if(axes.begin(), axes.end(), changes);
    for (std::size_t a = 0; a < axes.size(); ++a) {
        if (!changes(axes[a])) continue;
        LinearMap map(axes[a].in, axes[a].out);
        map.allocate(t, node);
        weigh(node, map, axes[a], r);
        x = apply(t, node, x, a, map, --left == 0 ? "" : "axis" + std::to_string(a + 1));
    }
    return x;
}

// One number for each axis of the whole, the batch included; those that the node does not name are `otherwise`.
template <typename Number>
std::vector<Number> by_axis(const Node& node, const std::vector<Number>& given, const Ints& axes, std::size_t rank,
                            const std::vector<Number>& otherwise) {
    if (given.size() != axes.size())
        refuse(node, "expected ", axes.size(), " scales or sizes, received ", given.size());
    std::vector<Number> result = otherwise;
    for (std::size_t i = 0; i < axes.size(); ++i) result[as_axis(node, axes[i], rank)] = given[i];
    return result;
}

std::vector<Axis> scaled_axes(const Node& node, const Value& x, const Floats& given, const Ints& named) {
    const std::size_t rank = x.sample.size() + 1;
    const Floats scales = by_axis(node, given, named, rank, Floats(rank, 1.0f));
    if (scales[0] != 1.0f) refuse(node, "the batch cannot be resized");
    std::vector<Axis> axes;
    for (std::size_t a = 1; a < rank; ++a) {
        const float out = std::floor(static_cast<float>(x.sample[a - 1]) * scales[a]);
        if (!(out >= 1.0f && out <= 1e9f)) refuse(node, "scales ", scales, " do not fit a sample of shape ", x.sample);
        axes.push_back({x.sample[a - 1], static_cast<std::int64_t>(out), scales[a]});
    }
    return axes;
}

// `keep_aspect_ratio_policy` changes the sizes of the named axes to one scale for all.
std::vector<Axis> sized_axes(const Node& node, const Value& x, const Ints& given, const Ints& named) {
    const std::size_t rank = x.sample.size() + 1;
    Ints whole = x.shape();
    const Ints sizes = by_axis(node, given, named, rank, whole);
    const std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
    std::vector<Axis> axes;
    float common = policy == "not_larger" ? INFINITY : 0.0f;
    for (std::size_t a = 1; a < rank; ++a) {
        as_int(node, "a size", sizes[a], 1, INT32_MAX);
        axes.push_back({x.sample[a - 1], sizes[a], static_cast<float>(sizes[a]) / static_cast<float>(x.sample[a - 1])});
    }
    if (policy == "stretch") return axes;
    if (policy != "not_larger" && policy != "not_smaller") refuse(node, "keep_aspect_ratio_policy is '", policy, "'");
    for (const std::int64_t n : named) {
        const std::size_t a = as_axis(node, n, rank);
        if (a != 0)
            common = policy == "not_larger" ? std::min(common, axes[a - 1].scale) : std::max(common, axes[a - 1].scale);
    }
    for (const std::int64_t n : named) {
        const std::size_t a = as_axis(node, n, rank);
        if (a == 0) continue;
        Axis& axis = axes[a - 1];
        axis.scale = common;
        axis.out = std::max<std::int64_t>(1, std::llround(static_cast<float>(axis.in) * common));
    }
    return axes;
}

Resampling read_resampling(const Node& node) {
    Resampling r;
    r.mode = node.text("mode", "nearest");
    if (r.mode == "bilinear") r.mode = "linear";  // the first version's word
    // Before version 11 only what is called asymmetric now existed.
    const bool old = node.opset < 11 || node.op == "Upsample";
    r.coordinates = old ? "asymmetric" : node.text("coordinate_transformation_mode", "half_pixel");
    r.nearest = old ? "floor" : node.text("nearest_mode", "round_prefer_floor");
    r.cubic = node.number("cubic_coeff_a", -0.75f);
    r.exclude_outside = node.flag("exclude_outside", false);
    r.antialias = node.flag("antialias", false) && r.mode != "nearest";
    if (r.mode != "nearest" && r.mode != "linear" && r.mode != "cubic") refuse(node, "mode is '", r.mode, "'");
    return r;
}

Values upsample(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    Ints named(x.sample.size() + 1);
    std::iota(named.begin(), named.end(), 0);
    Floats scales;
    if (node.opset >= 9) scales = t.constant(node, 1, "scales").floats();
    else if (node.opset >= 7) scales = get_floats(*node.message, "scales");
    else scales = {1.0f, 1.0f, node.number("height_scale", 1.0f), node.number("width_scale", 1.0f)};
    return {resampled(t, node, x, scaled_axes(node, x, scales, named), read_resampling(node))};
}

Values resize(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const Resampling r = read_resampling(node);
    Ints named(x.sample.size() + 1);
    std::iota(named.begin(), named.end(), 0);
    named = node.integers("axes", named);
    const std::size_t scales = node.opset < 11 ? 1 : 2;
    const bool has_sizes = node.has_input(3) && t.constant(node, 3, "sizes").size() != 0;
    const auto axes = has_sizes ? sized_axes(node, x, t.constant(node, 3, "sizes").integers(node, "sizes"), named)
                                : scaled_axes(node, x, t.constant(node, scales, "scales").floats(), named);
    return {resampled(t, node, x, axes, r)};
}

}  // namespace

Operators resizing_operators() { return {{"Pad", pad}, {"Upsample", upsample}, {"Resize", resize}}; }

}  // namespace eddl::onnx_io
