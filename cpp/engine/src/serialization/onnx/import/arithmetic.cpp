// Operators of two or more operands that are broadcast to each other: layers and constants.
#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>

#include "apis/make.h"
#include "eddl/layers/merge/layer_merge.h"
#include "eddl/layers/operators/layer_operators.h"
#include "serialization/onnx/import/channels.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

enum class Operation { ADD, SUB, MUL, DIV, MAX, MIN };

Layer* layers_combined(Operation op, Layer* a, Layer* b, const std::string& name) {
    switch (op) {
        case Operation::ADD: return make<LAdd>(vlayer{a, b}, name);
        case Operation::SUB: return make<LDiff>(a, b, name);
        case Operation::MUL: return make<LMult>(a, b, name);
        case Operation::DIV: return make<LDiv>(a, b, name);
        case Operation::MAX: return make<LMaximum>(vlayer{a, b}, name);
        case Operation::MIN: return make<LMinimum>(vlayer{a, b}, name);
    }
    return nullptr;
}

Layer* layer_and_number(Operation op, Layer* a, float k, const std::string& name) {
    constexpr float LARGEST = std::numeric_limits<float>::max();
    switch (op) {
        case Operation::ADD: return make<LSum>(a, k, name);
        case Operation::SUB: return make<LDiff>(a, k, name);
        case Operation::MUL: return make<LMult>(a, k, name);
        case Operation::DIV: return make<LDiv>(a, k, name);
        case Operation::MAX: return make<LClamp>(a, k, LARGEST, name);
        case Operation::MIN: return make<LClamp>(a, -LARGEST, k, name);
    }
    return nullptr;
}

Layer* number_and_layer(Operation op, float k, Layer* b, const std::string& name) {
    if (op == Operation::SUB) return make<LDiff>(k, b, name);
    if (op == Operation::DIV) return make<LDiv>(k, b, name);
    return layer_and_number(op, b, k, name);
}

// What a constant operand is for a layer with channels: a number each, if it varies along them only.
bool is_channel_wise(const Ints& own, const Ints& sample) {
    return sample.size() > 1 && own[0] == sample[0] &&
           std::all_of(own.begin() + 1, own.end(), [](auto d) { return d == 1; });
}

// As trainable parameters: constants beside channels come from normalisations and biases.
Value with_channels(Translation& t, const Node& node, Operation op, const Value& x, Floats values, bool constant_first,
                    const std::string& part) {
    Floats scale(values.size(), 1.0f), shift(values.size(), 0.0f);
    switch (op) {
        case Operation::ADD: shift = values; break;
        case Operation::SUB:
            if (constant_first) std::fill(scale.begin(), scale.end(), -1.0f);
            else for (float& v : values) v = -v;
            shift = values;
            break;
        case Operation::MUL: scale = values; break;
        default:
            for (std::size_t i = 0; i < values.size(); ++i) scale[i] = 1.0f / values[i];
    }
    return scale_channels(t, node, x, scale, shift, part);
}

Value with_constant(Translation& t, const Node& node, Operation op, const Value& x, const Constant& constant,
                    bool constant_first, const std::string& part) {
    const Ints own = constant_sample(node, constant, x.sample.size());
    const Ints sample = joined(node, x.sample, own);
    float number = 0.0f;
    if (sample == x.sample && is_uniform(constant, number)) {
        return t.add(node, sample, part, [&](const std::string& name) {
            return constant_first ? number_and_layer(op, number, x.layer, name)
                                  : layer_and_number(op, x.layer, number, name);
        });
    }
    const bool has_scale_form = op == Operation::ADD || op == Operation::SUB || op == Operation::MUL ||
                                (op == Operation::DIV && !constant_first);
    if (has_scale_form && sample == x.sample && is_channel_wise(own, sample)) {
        return with_channels(t, node, op, x, constant.floats(), constant_first, part);
    }
    const Value wide = spread(t, node, x, sample, part + "wide");
    const Value other = spread(t, node, constant_layer(t, node, constant, own.size(), part + "constant"), sample,
                               part + "constant_wide");
    return t.add(node, sample, part, [&](const std::string& name) {
        return constant_first ? layers_combined(op, other.layer, wide.layer, name)
                              : layers_combined(op, wide.layer, other.layer, name);
    });
}

// Operands of fewer dimensions would meet the batch with another axis.
void expect_same_rank(const Node& node, const Value& a, const Value& b) {
    if (a.sample.size() != b.sample.size()) {
        refuse(node, "samples of shape ", a.sample, " and ", b.sample,
               " have different ranks: one would be broadcast along the batch");
    }
}

Value combine(Translation& t, const Node& node, Operation op, const Value& a, const Value& b, const std::string& part) {
    if (b.constant != nullptr) return with_constant(t, node, op, a, *b.constant, false, part);
    if (a.constant != nullptr) return with_constant(t, node, op, b, *a.constant, true, part);
    expect_same_rank(node, a, b);
    const Ints sample = joined(node, a.sample, b.sample);
    const Value left = spread(t, node, a, sample, part + "left"), right = spread(t, node, b, sample, part + "right");
    return t.add(node, sample, part, [&](const std::string& name) {
        return layers_combined(op, left.layer, right.layer, name);
    });
}

// Before version 7 the second operand said with `axis` where it belongs; constants only.
Value second_operand(Translation& t, const Node& node) {
    Value b = t.value(node, 1);
    if (node.opset >= 7 || !node.has("axis") || b.constant == nullptr) return b;
    const auto rank = static_cast<std::int64_t>(t.value(node, 0).shape().size());
    const auto axis =
        static_cast<std::int64_t>(as_axis(node, node.integer("axis", -1), static_cast<std::size_t>(rank)));
    Constant aligned = *b.constant;
    const auto used = axis + static_cast<std::int64_t>(aligned.dims.size());
    if (used > rank) refuse(node, "a constant of shape ", aligned.dims, " does not fit behind axis ", axis);
    aligned.dims.insert(aligned.dims.end(), static_cast<std::size_t>(rank - used), 1);
    return constant_value(std::move(aligned));
}

// What EDDL writes for a layer minus or over a number, or the reverse: it names the number first and then both operands
// of a difference, and swaps those of a quotient.
Node as_eddl_means(const Translation& t, const Node& node) {
    Node meant = node;
    if (node.op == "Sub" && node.inputs.size() == 3) meant.inputs.erase(meant.inputs.begin());
    if (node.op == "Div" && node.inputs.size() == 2 && (t.is_constant(node, 0) || t.is_constant(node, 1)))
        std::swap(meant.inputs[0], meant.inputs[1]);
    return meant;
}

bool is_whole_number(const Value& v) { return v.constant != nullptr ? v.constant->integral() : v.whole; }

template <Operation op>
Values binary(Translation& t, const Node& node) {
    const Node meant = t.is_from_eddl() ? as_eddl_means(t, node) : node;
    const Value &a = t.value(meant, 0), b = second_operand(t, meant);
    const bool whole = is_whole_number(a) && is_whole_number(b);
    if (whole && op == Operation::DIV) refuse(node, "the division of whole numbers is not covered: no layer rounds");
    std::optional<Value> sum;
    if (op == Operation::ADD) sum = sum_of_channels(t, meant, {a, b});
    Value result = sum ? *sum : combine(t, meant, op, a, b, "");
    result.whole = whole;
    return {result};
}

// 1 where whole numbers are equal, else 0: 1 − min(|a − b|, 1). (No layer compares; this is how numbers become
// one-hot.)
Values equal(Translation& t, const Node& node) {
    const Value &a = t.value(node, 0), &b = t.value(node, 1);
    if (!is_whole_number(a) || !is_whole_number(b))
        refuse(node, "only whole numbers can be compared: no layer does it with others");
    const Value difference = combine(t, node, Operation::SUB, a, b, "difference");
    const Ints& sample = difference.sample;
    const Value distance = t.add(node, sample, "distance", [&](const std::string& name) {
        return make<LAbs>(difference.layer, name);
    });
    const Value differs = t.add(node, sample, "differs", [&](const std::string& name) {
        return make<LClamp>(distance.layer, 0.0f, 1.0f, name);
    });
    Value result = t.add(node, sample, "", [&](const std::string& name) {
        return make<LDiff>(1.0f, differs.layer, name);
    });
    result.whole = true;
    return {result};
}

// Over any number of operands, from the left.
Value fold_operands(Translation& t, const Node& node, Operation op, const std::string& last_part) {
    Value result = t.value(node, 0);
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        const bool last = i + 1 == node.inputs.size();
        // A constant in front waits until a layer comes.
        std::string part = last ? last_part : "";
        if (!last) part = std::to_string(i);
        Value next = t.value(node, i);
        if (result.constant != nullptr && next.constant != nullptr)
            refuse(node, "more than one constant operand is not covered");
        result = combine(t, node, op, result, next, part);
    }
    return result;
}

template <Operation op>
Values variadic(Translation& t, const Node& node) {
    Values operands;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) operands.push_back(t.value(node, i));
    if (op == Operation::ADD)
        if (std::optional<Value> sum = sum_of_channels(t, node, operands)) return {*sum};
    return {fold_operands(t, node, op, "")};
}

Values mean(Translation& t, const Node& node) {
    const std::size_t count = node.inputs.size();
    const Value sum = fold_operands(t, node, Operation::ADD, "sum");
    return {scale_by(t, node, sum, 1.0f / static_cast<float>(count), 0.0f, "")};
}

Values power(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    float exponent = 0.0f;
    if (!is_uniform(t.constant(node, 1, "exponent"), exponent))
        refuse(node, "an exponent of several numbers is not covered");
    return {t.add(node, x.sample, "", [&](const std::string& name) {
        // x² by multiplication is right for negative x too, and exact.
        return exponent == 2.0f ? static_cast<Layer*>(make<LMult>(x.layer, x.layer, name))
                                : make<LPow>(x.layer, exponent, name);
    })};
}

// The condition must be known: no layer compares.
Values where(Translation& t, const Node& node) {
    const Constant& condition = t.constant(node, 0, "condition");
    std::size_t rank = 0;
    for (const std::size_t i : {1, 2})
        if (!t.is_constant(node, i)) rank = std::max(rank, t.value(node, i).sample.size());
    std::vector<Value> operands;
    for (const std::size_t i : {1, 2}) {
        const Value& v = t.value(node, i);
        operands.push_back(v.constant != nullptr ? constant_layer(t, node, *v.constant, rank, "constant") : v);
    }
    operands.push_back(constant_layer(t, node, condition, rank, "condition"));
    expect_same_rank(node, operands[0], operands[1]);
    const Ints sample = joined(node, joined(node, operands[0].sample, operands[1].sample), operands[2].sample);
    for (Value& operand : operands) operand = spread(t, node, operand, sample, "wide");
    return {t.add(node, sample, "", [&](const std::string& name) {
        return Where(operands[0].layer, operands[1].layer, operands[2].layer, name);
    })};
}

}  // namespace

Operators arithmetic_operators() {
    return {{"Add", binary<Operation::ADD>, Steps::EACH},
            {"Sub", binary<Operation::SUB>, Steps::EACH},
            {"Mul", binary<Operation::MUL>, Steps::EACH},
            {"Div", binary<Operation::DIV>, Steps::EACH},
            {"Max", variadic<Operation::MAX>, Steps::EACH},
            {"Min", variadic<Operation::MIN>, Steps::EACH},
            {"Sum", variadic<Operation::ADD>, Steps::EACH},
            {"Mean", mean, Steps::EACH},
            {"Pow", power, Steps::EACH},
            {"Equal", equal, Steps::EACH},
            {"Where", where, Steps::EACH}};
}

}  // namespace eddl::onnx_io
