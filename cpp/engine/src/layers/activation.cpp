#include <cmath>
#include <functional>
#include <iostream>
#include <memory>
#include <numeric>

#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"
#include "onednn/activation.h"

using namespace eddl;

int LActivation::total_layers = 0;

namespace {

// Each function has its value at x, and pulls a gradient d at its value y = value(x) back to x. Selections choose between
// what is there and zero, which compilers turn into masks; other forms become branches, ten times slower.
struct ReLu {
    float value(float x) const { return x > 0.0f ? x : 0.0f; }
    float pull(float d, float x, float) const { return x > 0.0f ? d : 0.0f; }
};
struct ThresholdedReLu {
    float alpha;
    float value(float x) const { return x > alpha ? x : 0.0f; }
    float pull(float d, float x, float) const { return x > alpha ? d : 0.0f; }
};
struct LeakyReLu {
    float alpha;
    float value(float x) const { return (x > 0.0f ? x : 0.0f) + alpha * (x > 0.0f ? 0.0f : x); }
    float pull(float d, float x, float) const { return (x > 0.0f ? d : 0.0f) + alpha * (x > 0.0f ? 0.0f : d); }
};
struct HardSigmoid {
    float value(float x) const { return x > 2.5f ? 1.0f : x < -2.5f ? 0.0f : 0.2f * x + 0.5f; }
    float pull(float d, float x, float) const { return 0.2f * (std::fabs(x) > 2.5f ? 0.0f : d); }
};
struct Softplus {  // log(1 + exp(x)) without overflow
    float value(float x) const { return (x > 0.0f ? x : 0.0f) + std::log1p(std::exp(-std::fabs(x))); }
    float pull(float d, float x, float) const { return d / (1.0f + std::exp(-x)); }
};
struct Softsign {
    float value(float x) const { return x / (1.0f + std::fabs(x)); }
    float pull(float d, float x, float) const {
        const float denominator = 1.0f + std::fabs(x);
        return d / (denominator * denominator);
    }
};
struct Linear {
    float alpha;
    float value(float x) const { return alpha * x; }
    float pull(float d, float, float) const { return alpha * d; }
};
// The backward half of softmax_deprecated: EDDL's, which takes only the diagonal of the derivative.
struct DiagonalSoftmax {
    float pull(float d, float, float y) const { return d * y * (1.0f - y); }
};

// Those whose value comes from oneDNN.
template <onednn::Function function>
struct FromOneDnn {};
struct Exponential : FromOneDnn<onednn::Function::exponential> {
    float pull(float d, float, float y) const { return d * y; }
};
struct Sigmoid : FromOneDnn<onednn::Function::sigmoid> {
    float pull(float d, float, float y) const { return d * y * (1.0f - y); }
};
struct Tanh : FromOneDnn<onednn::Function::tanh> {
    float pull(float d, float, float y) const { return d * (1.0f - y * y); }
};
struct Elu {  // scale · (x > 0 ? x : alpha · (exp(x) - 1)); a scale other than 1 makes it selu
    float alpha, scale;
    float pull(float d, float x, float y) const {
        return d * (x > 0.0f ? scale : y + scale * alpha);
    }
};

constexpr float SELU_ALPHA = 1.6732632423543772848170429916717f;
constexpr float SELU_SCALE = 1.0507009873554804934193349852946f;

// Calls visit(function). False if the name is not that of an element-wise function.
template <typename Visit>
bool visit_function(const std::string& name, const std::vector<float>& p, Visit visit) {
    if (name == "relu") visit(ReLu{});
    else if (name == "thresholded_relu") visit(ThresholdedReLu{p[0]});
    else if (name == "leaky_relu") visit(LeakyReLu{p[0]});
    else if (name == "elu") visit(Elu{p[0], 1.0f});
    else if (name == "selu") visit(Elu{p[0], p[1]});
    else if (name == "exp") visit(Exponential{});
    else if (name == "sigmoid") visit(Sigmoid{});
    else if (name == "hard_sigmoid") visit(HardSigmoid{});
    else if (name == "softplus") visit(Softplus{});
    else if (name == "softsign") visit(Softsign{});
    else if (name == "tanh") visit(Tanh{});
    else if (name == "linear") visit(Linear{p[0]});
    else return false;
    return true;
}

// The parameters that a function takes when none are given; their number is what it needs.
std::vector<float> default_params(const std::string& name) {
    if (name == "thresholded_relu" || name == "elu" || name == "linear") return {1.0f};
    if (name == "leaky_relu") return {0.01f};
    if (name == "selu") return {SELU_ALPHA, SELU_SCALE};
    if (name == "softmax") return {-1.0f};
    return {};
}

std::vector<float> checked_params(const std::string& name, std::vector<float> params, const Tensor& input) {
    const std::string function = "Activation '" + name + "'";
    const std::vector<float> defaults = default_params(name);
    // Scripts pass numbers to functions that take none, as EDDL lets them.
    if (params.empty() || defaults.empty()) params = defaults;
    if (params.size() != defaults.size()) {
        invalid(function, "expected ", defaults.size(), " parameters, received ", params);
    }
    const int ndim = static_cast<int>(input.ndim);
    if (name == "softmax") {
        if (params[0] == -1.0f) params[0] = static_cast<float>(ndim - 1);
        if (!(params[0] >= 0.0f && params[0] < static_cast<float>(ndim))) {
            invalid(function, "expected an axis from 0 to ", ndim - 1, " or -1, received ", params[0]);
        }
    } else if (name == "softmax_deprecated") {
        expect_ndim(function, input, 2);
    } else if (!visit_function(name, params, [](const auto&) {})) {
        invalid("Activation", "expected relu, thresholded_relu, leaky_relu, elu, selu, exp, sigmoid, hard_sigmoid, ",
                "softplus, softsign, softmax, softmax_deprecated, tanh or linear, received '", name, "'");
    }
    return params;
}

onednn::SoftmaxShape softmax_shape(const std::vector<int>& shape, std::size_t axis) {
    const auto product = [](auto first, auto last) { return std::accumulate(first, last, 1, std::multiplies<int>()); };
    const auto at = shape.begin() + static_cast<std::ptrdiff_t>(axis);
    return {product(shape.begin(), at), *at, product(at + 1, shape.end())};
}

std::size_t softmax_axis(const LActivation& layer) {
    return layer.act == "softmax" ? static_cast<std::size_t>(layer.params[0]) : 1;
}

template <typename Function>
auto compute(LActivation& layer, onednn::Activation&, const Function& f) -> decltype(f.value(0.0f), void()) {
    transform(*layer.output, [f](float x) { return f.value(x); }, *layer.input);
}

template <onednn::Function function>
void compute(LActivation& layer, onednn::Activation& primitives, const FromOneDnn<function>&) {
    primitives.elementwise.forward(function, 0.0f, layer.output->size, layer.input->ptr, layer.output->ptr);
}

void compute(LActivation& layer, onednn::Activation& primitives, const Elu& f) {
    primitives.elementwise.forward(onednn::Function::elu, f.alpha, layer.output->size, layer.input->ptr,
                                   layer.output->ptr);
    if (f.scale != 1.0f) transform(*layer.output, [scale = f.scale](float y) { return scale * y; }, *layer.output);
}

template <typename Function>
void pull_back(Tensor& parent_delta, const Function& f, const LActivation& layer) {
    accumulate(parent_delta, [f](float d, float x, float y) { return f.pull(d, x, y); }, *layer.delta, *layer.input,
               *layer.output);
}

}  // namespace

LActivation::LActivation(Layer* parent, std::string act, std::vector<float> params, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), act(act), primitives_(std::make_shared<onednn::Activation>()) {
    input = checked_parent("Activation", parent).output;
    this->params = checked_params(act, std::move(params), *input);
    name_layer(*this, name, act, total_layers);
    output = new Tensor(input->shape, dev);
    join_graph(*this, {parent});
}

void LActivation::forward() {
    expect_forward(*this);
    if (!visit_function(act, params, [this](const auto& f) { compute(*this, *primitives_, f); })) {
        primitives_->softmax.forward(softmax_shape(input->shape, softmax_axis(*this)), input->ptr, output->ptr);
    }
}

void LActivation::backward() {
    expect_backward(*this);
    Tensor& parent_delta = *parent[0]->delta;
    if (delta_bp) {
        accumulate(parent_delta, [](float d) { return d; }, *delta);
    } else if (act == "softmax") {
        primitives_->softmax.backward(softmax_shape(input->shape, softmax_axis(*this)), output->ptr, delta->ptr,
                                      parent_delta.ptr);
    } else if (act == "softmax_deprecated") {
        pull_back(parent_delta, DiagonalSoftmax{}, *this);
    } else {
        visit_function(act, params, [&](const auto& f) { pull_back(parent_delta, f, *this); });
    }
}

Layer* LActivation::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LActivation::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), act, params);
}

std::string LActivation::plot(int c) { return graph_node(name, c, "LightBlue", "LightSalmon"); }
