// Normalisations over the batch or within samples, and dropout.
#include <algorithm>
#include <numeric>

#include "apis/make.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/merge/layer_merge.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/operators/layer_operators.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

float epsilon(const Node& node, float otherwise = 1e-5f) { return node.number("epsilon", otherwise); }

Values batch_normalization(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    if (x.sample.empty()) refuse(node, "expected channels, received a sample of shape ", x.sample);
    const float momentum = node.number("momentum", 0.9f);
    const Value result = t.add(node, x.sample, "", [&](const std::string& name) {
        return make<LBatchNorm>(x.layer, momentum, epsilon(node), true, name);
    });
    constexpr const char* PARAMETERS[] = {"scale", "shift", "mean", "variance"};
    for (std::size_t i = 0; i < 4; ++i) {
        fill(node, *result.layer->params[i], t.constant(node, i + 1, PARAMETERS[i]).floats());
    }
    return {result};
}

std::int64_t product(Ints::const_iterator first, Ints::const_iterator last) {
    return std::accumulate(first, last, std::int64_t{1}, std::multiplies<>());
}

// Brings each of `groups` equal parts of the sample, in the order of its elements, to mean 0 and variance 1.
Value normalized(Translation& t, const Node& node, const Value& x, std::int64_t groups, const std::string& part) {
    const std::int64_t size = product(x.sample.begin(), x.sample.end());
    const Value rows = view(t, node, x, {groups, size / groups, 1}, part + "_rows");
    const bool is_seen_so = rows.layer == x.layer;
    const Value result = t.add(node, rows.sample, is_seen_so ? part : part + "_groups", [&](const std::string& name) {
        return GroupNormalization(rows.layer, static_cast<int>(groups), epsilon(node), false, name);
    });
    return view(t, node, result, x.sample, part);
}

// Scale and shift of as many numbers as `per_channel` groups them: one a channel.
Value scaled_channels(Translation& t, const Node& node, const Value& x, std::int64_t numbers) {
    const std::int64_t channels = x.sample[0];
    const auto spread_numbers = [&](std::size_t i, const char* what) {
        const Floats given = t.constant(node, i, what).floats();
        if (static_cast<std::int64_t>(given.size()) != numbers) {
            refuse(node, "expected ", numbers, " numbers as ", what, ", received ", given.size());
        }
        Floats values;
        for (std::int64_t c = 0; c < channels; ++c)
            values.push_back(given[static_cast<std::size_t>(c * numbers / channels)]);
        return values;
    };
    const Floats scale = spread_numbers(1, "scale"), shift = spread_numbers(2, "shift");
    return scale_channels(t, node, x, scale, shift, "");
}

Values instance_normalization(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    if (x.sample.size() < 2)
        refuse(node, "expected channels and at least one axis, received a sample of shape ", x.sample);
    return {scaled_channels(t, node, normalized(t, node, x, x.sample[0], "normalized"), x.sample[0])};
}

// Before version 21 a group has one scale and shift, from then on a channel.
Values group_normalization(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    if (x.sample.size() < 2)
        refuse(node, "expected channels and at least one axis, received a sample of shape ", x.sample);
    const std::int64_t groups = node.integer("num_groups", 0);
    if (groups < 1 || x.sample[0] % groups != 0) refuse(node, x.sample[0], " channels do not make ", groups, " groups");
    return {
        scaled_channels(t, node, normalized(t, node, x, groups, "normalized"), node.opset < 21 ? groups : x.sample[0])};
}

Value combine_with(Translation& t, const Node& node, const Value& x, std::size_t i, const std::string& part,
                   bool scales) {
    const Constant& constant = t.constant(node, i, scales ? "scale" : "shift");
    float number = 0.0f;
    if (is_uniform(constant, number) && number == (scales ? 1.0f : 0.0f)) return x;
    const Value other =
        spread(t, node, constant_layer(t, node, constant, x.sample.size(), part + "_values"), x.sample, part + "_wide");
    return t.add(node, x.sample, part, [&](const std::string& name) {
        return scales ? static_cast<Layer*>(make<LMult>(x.layer, other.layer, name))
                      : make<LAdd>(vlayer{x.layer, other.layer}, name);
    });
}

// Over all axes from `axis` on. A whole sample has a layer of its own; rows of it are groups, whose scale is a
// constant.
Values layer_normalization(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const auto split = x.sample.begin() + static_cast<std::ptrdiff_t>(sample_axis(node, node.integer("axis", -1), x));
    const std::int64_t groups = product(x.sample.begin(), split), size = product(split, x.sample.end());
    if (groups > 1) {
        Value result = combine_with(t, node, normalized(t, node, x, groups, "normalized"), 1, "scaled", true);
        if (node.has_input(2)) result = combine_with(t, node, result, 2, "shifted", false);
        return {result};
    }
    const Value row = view(t, node, x, {size}, "row");
    const bool is_row = row.layer == x.layer;
    const Value result = t.add(node, row.sample, is_row ? "" : "normalized", [&](const std::string& name) {
        return LayerNormalization(row.layer, epsilon(node), true, name);
    });
    fill(node, *result.layer->params[0], t.constant(node, 1, "scale").floats());
    if (node.has_input(2)) fill(node, *result.layer->params[1], t.constant(node, 2, "shift").floats());
    return {view(t, node, result, x.sample, "")};
}

// x / sqrt(mean(x²) + epsilon) · scale, the mean over all axes from `axis` on.
Values rms_normalization(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    std::vector<int> axes;
    for (std::size_t a = sample_axis(node, node.integer("axis", -1), x); a < x.sample.size(); ++a) {
        axes.push_back(static_cast<int>(a));
    }
    const Value square =
        t.add(node, x.sample, "square", [&](const std::string& name) { return make<LMult>(x.layer, x.layer, name); });
    // One that keeps dimensions repeats the mean over all of them.
    const Value mean =
        t.add(node, x.sample, "mean", [&](const std::string&) { return ReduceMean(square.layer, axes, true); });
    const Value sum = scale_by(t, node, mean, 1.0f, epsilon(node), "sum");
    const Value root =
        t.add(node, x.sample, "root", [&](const std::string& name) { return make<LSqrt>(sum.layer, name); });
    const Value result = t.add(node, x.sample, "normalized",
                               [&](const std::string& name) { return make<LDiv>(x.layer, root.layer, name); });
    return {combine_with(t, node, result, 1, "scaled", true)};
}

// x / (bias + alpha / size · the sum of x² over `size` neighbouring channels)^beta
Values local_response_normalization(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    if (x.sample.empty()) refuse(node, "expected channels, received a sample of shape ", x.sample);
    const std::int64_t size = as_int(node, "size", node.integer("size", 0), 1, 1 << 20), channels = x.sample[0];
    const Value square =
        t.add(node, x.sample, "square", [&](const std::string& name) { return make<LMult>(x.layer, x.layer, name); });
    LinearMap neighbours(channels, channels);
    neighbours.allocate(t, node);
    for (std::int64_t o = 0; o < channels; ++o) {
        const std::int64_t first = std::max<std::int64_t>(o - (size - 1) / 2, 0),
                           last = std::min(o + size / 2, channels - 1);
        for (std::int64_t i = first; i <= last; ++i) neighbours.at(i, o) = 1.0f;
    }
    const Value sum = apply(t, node, square, 0, neighbours, "neighbours");
    const Value base = scale_by(t, node, sum, node.number("alpha", 1e-4f) / static_cast<float>(size),
                                node.number("bias", 1.0f), "base");
    const float beta = node.number("beta", 0.75f);
    const Value divisor =
        t.add(node, x.sample, "divisor", [&](const std::string& name) { return make<LPow>(base.layer, beta, name); });
    return {
        t.add(node, x.sample, "", [&](const std::string& name) { return make<LDiv>(x.layer, divisor.layer, name); })};
}

// At inference ONNX' dropout does nothing. EDDL's weights by 1 - ratio there: its files do not say so, ours have a
// product in front.
Values dropout(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    float ratio = node.number("ratio", 0.5f);
    if (node.opset >= 12 && node.has_input(1) && !is_uniform(t.constant(node, 1, "ratio"), ratio)) {
        refuse(node, "expected one number as ratio");
    }
    if (!(ratio >= 0.0f && ratio < 1.0f)) refuse(node, "expected a ratio from 0 to below 1, received ", ratio);
    const auto* product = dynamic_cast<const LMult*>(x.layer);
    const bool has_product = product != nullptr && product->binary == 0 && product->val == 1.0f - ratio &&
                             t.only_reader(node.inputs[0]) == &node;
    const bool weights = t.is_from_eddl() || has_product;
    Layer* const input = has_product ? product->parent[0] : x.layer;
    return {t.add(node, x.sample, "",
                  [&](const std::string& name) { return make<LDropout>(input, ratio, weights, name); })};
}

}  // namespace

Operators normalization_operators() {
    return {{"BatchNormalization", batch_normalization},
            {"InstanceNormalization", instance_normalization},
            {"GroupNormalization", group_normalization},
            {"LayerNormalization", layer_normalization, Steps::EACH},
            {"RMSNormalization", rms_normalization},
            {"LRN", local_response_normalization},
            {"Dropout", dropout, Steps::EACH}};
}

}  // namespace eddl::onnx_io
