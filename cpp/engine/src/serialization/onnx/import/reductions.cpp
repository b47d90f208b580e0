// Reductions over axes of a sample, and what is made of them.
#include <algorithm>
#include <numeric>

#include "apis/make.h"
#include "eddl/layers/operators/layer_operators.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

using Reduction = layer (*)(layer, ints, bool);

struct Axes {
    std::vector<int> axes;  // of the sample
    Ints kept, dropped;     // the result's shape with and without dimensions of 1
};

Axes described(const Value& x, std::vector<int> axes) {
    Axes result{std::move(axes), x.sample, {}};
    for (const int a : result.axes) result.kept[static_cast<std::size_t>(a)] = 1;
    for (std::size_t a = 0; a < x.sample.size(); ++a)
        if (std::find(result.axes.begin(), result.axes.end(), static_cast<int>(a)) == result.axes.end()) {
            result.dropped.push_back(x.sample[a]);
        }
    return result;
}

// From an attribute or an input; none mean all, the batch included, unless the node says that they mean nothing.
bool read_axes(Translation& t, const Node& node, const Value& x, Axes& axes) {
    Ints given = node.integers("axes");
    if (!node.has("axes") && node.has_input(1)) given = t.constant(node, 1, "axes").integers(node, "axes");
    if (given.empty()) {
        if (node.flag("noop_with_empty_axes", false)) return false;
        refuse(node, "it reduces over all axes, the batch included");
    }
    std::vector<int> sample_axes;
    for (const std::int64_t axis : given) {
        sample_axes.push_back(static_cast<int>(sample_axis(node, axis, x)));
    }
    std::sort(sample_axes.begin(), sample_axes.end());
    sample_axes.erase(std::unique(sample_axes.begin(), sample_axes.end()), sample_axes.end());
    axes = described(x, sample_axes);
    return true;
}

// Layers that keep dimensions repeat what they have reduced over all of them, and EDDL's files mean that.
Value reduced(Translation& t, const Node& node, const Value& x, const Axes& axes, Reduction reduction, bool keeps,
              const std::string& part) {
    if (keeps && t.is_from_eddl()) {
        return t.add(node, x.sample, part, [&](const std::string&) { return reduction(x.layer, axes.axes, true); });
    }
    // One dimension is left in any case: a sample that is reduced whole is seen as one row.
    const bool whole = axes.dropped.empty();
    const Value seen = whole ? view(t, node, x, {1, count(x.sample, node.name)}, part + "row") : x;
    const ints reduced_axes = whole ? ints{1} : axes.axes;
    const Value result = t.add(node, axes.dropped, keeps ? part + "reduced" : part, [&](const std::string&) {
        return reduction(seen.layer, reduced_axes, false);
    });
    return keeps ? view(t, node, result, axes.kept, part) : result;
}

enum class Function { NONE, ABSOLUTE, SQUARE, ROOT, LOGARITHM };

Value applied(Translation& t, const Node& node, const Value& x, Function f, const std::string& part) {
    if (f == Function::NONE) return x;
    return t.add(node, x.sample, part, [&](const std::string& name) -> Layer* {
        switch (f) {
            case Function::ABSOLUTE: return make<LAbs>(x.layer, name);
            case Function::SQUARE: return make<LMult>(x.layer, x.layer, name);
            case Function::ROOT: return make<LSqrt>(x.layer, name);
            default: return make<LLog>(x.layer, name);
        }
    });
}

// after(reduction(before(x)))
template <Reduction reduction, Function before = Function::NONE, Function after = Function::NONE>
Values reduce(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const bool keeps = node.flag("keepdims", true);
    Axes axes;
    const bool reduces = read_axes(t, node, x, axes);
    Value result = applied(t, node, x, before, after == Function::NONE && !reduces ? "" : "each");
    if (reduces) result = reduced(t, node, result, axes, reduction, keeps, after == Function::NONE ? "" : "reduced");
    return {applied(t, node, result, after, "")};
}

// log Σ exp x, by way of the maximum so that nothing overflows.
Values log_sum_exp(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    Axes axes;
    if (!read_axes(t, node, x, axes)) return {x};
    const Value top = reduced(t, node, x, axes, ReduceMax, true, "max");
    const Value wide = spread(t, node, top, x.sample, "max_wide");
    const Value lower =
        t.add(node, x.sample, "lower", [&](const std::string& name) { return make<LDiff>(x.layer, wide.layer, name); });
    const Value powers =
        t.add(node, x.sample, "powers", [&](const std::string& name) { return make<LExp>(lower.layer, name); });
    const Value sum = reduced(t, node, powers, axes, ReduceSum, true, "sum");
    const Value log = applied(t, node, sum, Function::LOGARITHM, "log");
    const bool keeps = node.flag("keepdims", true);
    const Value result = t.add(node, axes.kept, keeps ? "" : "result",
                               [&](const std::string& name) { return make<LSum>(log.layer, top.layer, name); });
    return {keeps ? result : view(t, node, result, axes.dropped, "")};
}

Value arg(Translation& t, const Node& node, const Value& x) {
    if (node.flag("select_last_index", false)) refuse(node, "of equal elements only the first can be selected");
    const auto axis = static_cast<int>(sample_axis(node, node.integer("axis", 0), x));
    Value result = reduced(t, node, x, described(x, {axis}), ReduceArgMax, node.flag("keepdims", true), "");
    result.whole = true;
    return result;
}

Values arg_max(Translation& t, const Node& node) { return {arg(t, node, t.layer(node, 0))}; }

Values arg_min(Translation& t, const Node& node) {
    return {arg(t, node, scale_by(t, node, t.layer(node, 0), -1.0f, 0.0f, "negative"))};
}

// x / norm(x) along one axis.
Values lp_normalization(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const auto axis = static_cast<int>(sample_axis(node, node.integer("axis", -1), x));
    const bool absolute = as_int(node, "p", node.integer("p", 2), 1, 2) == 1;
    const Axes axes = described(x, {axis});
    const Value each = applied(t, node, x, absolute ? Function::ABSOLUTE : Function::SQUARE, "each");
    Value norm = reduced(t, node, each, axes, ReduceSum, true, "sum");
    if (!absolute) norm = applied(t, node, norm, Function::ROOT, "norm");
    const Value wide = spread(t, node, norm, x.sample, "norm_wide");
    return {t.add(node, x.sample, "", [&](const std::string& name) { return make<LDiv>(x.layer, wide.layer, name); })};
}

}  // namespace

Operators reduction_operators() {
    using F = Function;
    return {{"ReduceMean", reduce<ReduceMean>, Steps::EACH},
            {"ReduceSum", reduce<ReduceSum>, Steps::EACH},
            {"ReduceMax", reduce<ReduceMax>, Steps::EACH},
            {"ReduceMin", reduce<ReduceMin>, Steps::EACH},
            {"ReduceL1", reduce<ReduceSum, F::ABSOLUTE>, Steps::EACH},
            {"ReduceL2", reduce<ReduceSum, F::SQUARE, F::ROOT>, Steps::EACH},
            {"ReduceSumSquare", reduce<ReduceSum, F::SQUARE>, Steps::EACH},
            {"ReduceLogSum", reduce<ReduceSum, F::NONE, F::LOGARITHM>, Steps::EACH},
            {"ReduceLogSumExp", log_sum_exp, Steps::EACH},
            {"ArgMax", arg_max, Steps::EACH},
            {"ArgMin", arg_min, Steps::EACH},
            {"LpNormalization", lp_normalization, Steps::EACH}};
}

}  // namespace eddl::onnx_io
