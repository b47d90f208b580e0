// Functions of one layer, element by element, and softmax.
#include <cmath>
#include <limits>
#include <numeric>

#include "apis/make.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/operators/layer_operators.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

Value activate(Translation& t, const Node& node, const Value& x, const char* act, const Floats& params,
               const std::string& part = "") {
    return t.add(node, x.sample, part,
                 [&](const std::string& name) { return make<LActivation>(x.layer, act, params, name); });
}

template <typename Layer>
Value operate(Translation& t, const Node& node, const Value& x, const std::string& part = "") {
    return t.add(node, x.sample, part, [&](const std::string& name) { return make<Layer>(x.layer, name); });
}

Value multiply(Translation& t, const Node& node, const Value& a, const Value& b, const std::string& part = "") {
    return t.add(node, a.sample, part, [&](const std::string& name) { return make<LMult>(a.layer, b.layer, name); });
}

Value clamp(Translation& t, const Node& node, const Value& x, float min, float max, const std::string& part = "") {
    return t.add(node, x.sample, part, [&](const std::string& name) { return make<LClamp>(x.layer, min, max, name); });
}

#define PLAIN_ACTIVATION(function, act) \
    Values function(Translation& t, const Node& node) { return {activate(t, node, t.layer(node, 0), act, {})}; }
PLAIN_ACTIVATION(relu, "relu")
PLAIN_ACTIVATION(sigmoid, "sigmoid")
PLAIN_ACTIVATION(tanh_of, "tanh")
PLAIN_ACTIVATION(softplus, "softplus")
PLAIN_ACTIVATION(softsign, "softsign")
#undef PLAIN_ACTIVATION

#define ALPHA_ACTIVATION(function, act, alpha)                                                    \
    Values function(Translation& t, const Node& node) {                                           \
        return {activate(t, node, t.layer(node, 0), act, {node.number("alpha", alpha)})};         \
    }
ALPHA_ACTIVATION(elu, "elu", 1.0f)
ALPHA_ACTIVATION(leaky_relu, "leaky_relu", 0.01f)
ALPHA_ACTIVATION(thresholded_relu, "thresholded_relu", 1.0f)
#undef ALPHA_ACTIVATION

#define PLAIN_OPERATOR(function, Layer) \
    Values function(Translation& t, const Node& node) { return {operate<Layer>(t, node, t.layer(node, 0))}; }
PLAIN_OPERATOR(absolute, LAbs)
PLAIN_OPERATOR(exponential, LExp)
PLAIN_OPERATOR(logarithm, LLog)
PLAIN_OPERATOR(square_root, LSqrt)
#undef PLAIN_OPERATOR

Values selu(Translation& t, const Node& node) {
    const float alpha = node.number("alpha", 1.67326319217681884765625f);
    return {activate(t, node, t.layer(node, 0), "selu", {alpha, node.number("gamma", 1.05070102214813232421875f)})};
}

// alpha · elu(x / alpha)
Values celu(Translation& t, const Node& node) {
    const float alpha = node.number("alpha", 1.0f);
    if (alpha == 0.0f) refuse(node, "expected an alpha other than 0");
    const Value& x = t.layer(node, 0);
    if (alpha == 1.0f) return {activate(t, node, x, "elu", {1.0f})};
    const Value curve = activate(t, node, scale_by(t, node, x, 1.0f / alpha, 0.0f, "in"), "elu", {1.0f}, "elu");
    return {scale_by(t, node, curve, alpha, 0.0f, "")};
}

Value hard_sigmoid_of(Translation& t, const Node& node, const Value& x, float alpha, float beta,
                      const std::string& part) {
    if (alpha == 0.2f && beta == 0.5f) return activate(t, node, x, "hard_sigmoid", {}, part);
    return clamp(t, node, scale_by(t, node, x, alpha, beta, "line"), 0.0f, 1.0f, part);
}

Values hard_sigmoid(Translation& t, const Node& node) {
    return {hard_sigmoid_of(t, node, t.layer(node, 0), node.number("alpha", 0.2f), node.number("beta", 0.5f), "")};
}

Values hard_swish(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    return {multiply(t, node, x, hard_sigmoid_of(t, node, x, 1.0f / 6.0f, 0.5f, "gate"))};
}

Values swish(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const float alpha = node.number("alpha", 1.0f);
    const Value scaled = alpha == 1.0f ? x : scale_by(t, node, x, alpha, 0.0f, "scaled");
    return {multiply(t, node, x, activate(t, node, scaled, "sigmoid", {}, "gate"))};
}

Values mish(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const Value soft = activate(t, node, x, "softplus", {}, "softplus");
    return {multiply(t, node, x, activate(t, node, soft, "tanh", {}, "gate"))};
}

// |erf x| by the rational approximation of Abramowitz and Stegun (7.1.26), which is off by 1.5e-7 at most.
Value error_function_of_absolute(Translation& t, const Node& node, const Value& absolute) {
    constexpr float FACTORS[] = {1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
    const Value line = scale_by(t, node, absolute, 0.3275911f, 1.0f, "line");
    const Value fraction = t.add(node, absolute.sample, "fraction",
                                 [&](const std::string& name) { return make<LDiv>(1.0f, line.layer, name); });
    Value sum = scale_by(t, node, fraction, FACTORS[0], FACTORS[1], "term");
    for (std::size_t i = 2; i < 5; ++i) {
        sum = scale_by(t, node, multiply(t, node, sum, fraction, "product"), 1.0f, FACTORS[i], "term");
    }
    const Value square = multiply(t, node, absolute, absolute, "square");
    const Value bell = operate<LExp>(t, node, scale_by(t, node, square, -1.0f, 0.0f, "negative"), "bell");
    const Value tail = multiply(t, node, multiply(t, node, sum, fraction, "product"), bell, "tail");
    return scale_by(t, node, tail, -1.0f, 1.0f, "magnitude");
}

// -1, 0 or 1; all that is closer to 0 than the smallest number with full precision counts as 0, nearly.
Value sign_of(Translation& t, const Node& node, const Value& x, const std::string& part) {
    return clamp(t, node, scale_by(t, node, x, 1e37f, 0.0f, "large"), -1.0f, 1.0f, part);
}

Values error_function(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const Value magnitude = error_function_of_absolute(t, node, operate<LAbs>(t, node, x, "absolute"));
    return {multiply(t, node, sign_of(t, node, x, "sign"), magnitude)};
}

Values sign(Translation& t, const Node& node) { return {sign_of(t, node, t.layer(node, 0), "")}; }

// x / 2 · (1 + erf(x / √2)); as x · erf x is |x| · erf |x|, signs do not matter.
Values exact_gelu(Translation& t, const Node& node, const Value& x) {
    const Value absolute = operate<LAbs>(t, node, x, "absolute");
    const Value scaled = scale_by(t, node, absolute, static_cast<float>(std::sqrt(0.5)), 0.0f, "scaled");
    const Value product = multiply(t, node, absolute, error_function_of_absolute(t, node, scaled), "gate");
    const Value sum = t.add(node, x.sample, "sum", [&](const std::string& name) {
        return make<LSum>(product.layer, x.layer, name);
    });
    return {scale_by(t, node, sum, 0.5f, 0.0f, "")};
}

// By default exact; or x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 · x³))).
Values gelu(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const std::string approximation = node.text("approximate", "none");
    if (approximation == "none") return exact_gelu(t, node, x);
    if (approximation != "tanh") refuse(node, "approximate is '", approximation, "'");
    const auto root = static_cast<float>(std::sqrt(2.0 / std::acos(-1.0)));
    const Value inner = scale_by(t, node, multiply(t, node, x, x, "square"), 0.044715f * root, root, "inner");
    const Value product = multiply(t, node, inner, x, "product");
    const Value gate = scale_by(t, node, activate(t, node, product, "tanh", {}, "tanh"), 0.5f, 0.5f, "gate");
    return {multiply(t, node, x, gate)};
}

// One slope is leaky relu; one for each channel has no layer.
Values prelu(Translation& t, const Node& node) {
    float slope = 0.0f;
    if (!is_uniform(t.constant(node, 1, "slope"), slope)) {
        refuse(node, "slopes that differ are not covered: no layer has them");
    }
    return {activate(t, node, t.layer(node, 0), "leaky_relu", {slope})};
}

Values negative(Translation& t, const Node& node) { return {scale_by(t, node, t.layer(node, 0), -1.0f, 0.0f, "")}; }

Values reciprocal(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    return {t.add(node, x.sample, "", [&](const std::string& name) { return make<LDiv>(1.0f, x.layer, name); })};
}

float bound(Translation& t, const Node& node, std::size_t i, const char* attribute, float otherwise) {
    if (node.has(attribute)) return node.number(attribute, otherwise);
    if (!node.has_input(i)) return otherwise;
    float number = 0.0f;
    if (!is_uniform(t.constant(node, i, attribute), number)) refuse(node, "expected one number as ", attribute);
    return number;
}

Values clip(Translation& t, const Node& node) {
    const float largest = std::numeric_limits<float>::max();
    const float min = bound(t, node, 1, "min", -largest), max = bound(t, node, 2, "max", largest);
    return {clamp(t, node, t.layer(node, 0), std::min(min, max), max)};
}

// `of` makes the layers for one axis of a layer; its last argument names the one of the result. Before version 13 all
// axes from the node's on were one.
using AlongAxis = Value (*)(Translation&, const Node&, const Value&, std::size_t, const std::string&);

Values along_axis(Translation& t, const Node& node, AlongAxis of) {
    const Value& x = t.layer(node, 0);
    const bool flattens = node.opset < 13;
    const std::size_t axis = sample_axis(node, node.integer("axis", flattens ? 1 : -1), x);
    if (!flattens || axis + 1 == x.sample.size()) return {of(t, node, x, axis, "")};
    const auto place = x.sample.begin() + static_cast<std::ptrdiff_t>(axis);
    Ints flat(x.sample.begin(), place);
    flat.push_back(std::accumulate(place, x.sample.end(), std::int64_t{1}, std::multiplies<>()));
    const bool is_flat = flat == x.sample;
    const Value seen = view(t, node, x, flat, "flat");
    const Value result = of(t, node, seen, axis, is_flat ? "" : "result");
    return {view(t, node, result, x.sample, "")};
}

Value softmax_along(Translation& t, const Node& node, const Value& x, std::size_t axis, const std::string& part) {
    return activate(t, node, x, "softmax", {static_cast<float>(axis + 1)}, part);
}

// x − m − log Σ exp(x − m), m the maximum, so that no probability is too small to have a logarithm.
Value log_softmax_along(Translation& t, const Node& node, const Value& x, std::size_t axis, const std::string& part) {
    const auto repeated = [&](const Value& of, layer (*reduction)(layer, ints, bool), const char* name) {
        return t.add(node, of.sample, name, [&](const std::string&) {
            return reduction(of.layer, {static_cast<int>(axis)}, true);  // keeps the shape: the result at each element
        });
    };
    const auto difference = [&](const Value& a, const Value& b, const std::string& name) {
        return t.add(node, a.sample, name,
                     [&](const std::string& full) { return make<LDiff>(a.layer, b.layer, full); });
    };
    const Value lower = difference(x, repeated(x, ReduceMax, "max"), "lower");
    const Value sum = repeated(operate<LExp>(t, node, lower, "powers"), ReduceSum, "sum");
    return difference(lower, operate<LLog>(t, node, sum, "log"), part);
}

Values softmax(Translation& t, const Node& node) { return along_axis(t, node, softmax_along); }
Values log_softmax(Translation& t, const Node& node) { return along_axis(t, node, log_softmax_along); }

}  // namespace

Operators activation_operators() {
    return {{"Relu", relu, Steps::EACH},
            {"Sigmoid", sigmoid, Steps::EACH},
            {"Tanh", tanh_of, Steps::EACH},
            {"Softplus", softplus, Steps::EACH},
            {"Softsign", softsign, Steps::EACH},
            {"Elu", elu, Steps::EACH},
            {"LeakyRelu", leaky_relu, Steps::EACH},
            {"ThresholdedRelu", thresholded_relu, Steps::EACH},
            {"Selu", selu, Steps::EACH},
            {"Celu", celu, Steps::EACH},
            {"HardSigmoid", hard_sigmoid, Steps::EACH},
            {"HardSwish", hard_swish, Steps::EACH},
            {"Swish", swish, Steps::EACH},
            {"Mish", mish, Steps::EACH},
            {"Gelu", gelu, Steps::EACH},
            {"Erf", error_function, Steps::EACH},
            {"Sign", sign, Steps::EACH},
            {"PRelu", prelu, Steps::EACH},
            {"Abs", absolute, Steps::EACH},
            {"Exp", exponential, Steps::EACH},
            {"Log", logarithm, Steps::EACH},
            {"Sqrt", square_root, Steps::EACH},
            {"Neg", negative, Steps::EACH},
            {"Reciprocal", reciprocal, Steps::EACH},
            {"Clip", clip, Steps::EACH},
            {"Softmax", softmax, Steps::EACH},
            {"LogSoftmax", log_softmax, Steps::EACH}};
}

}  // namespace eddl::onnx_io
