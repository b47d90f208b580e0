#include <functional>
#include <iostream>
#include <memory>
#include <numeric>

#include "eddl/layers/core/layer_core.h"
#include "layers/activation_functions.h"
#include "layers/common.h"
#include "onednn/activation.h"

using namespace eddl;

int LActivation::total_layers = 0;

namespace {

// The backward half of softmax_deprecated: EDDL's, which takes only the diagonal of the derivative.
struct DiagonalSoftmax {
    float pull(float d, float, float y) const { return d * y * (1.0f - y); }
    bool needs_x() const { return false; }
};

constexpr float SELU_ALPHA = 1.6732632423543772848170429916717f;
constexpr float SELU_SCALE = 1.0507009873554804934193349852946f;

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
void pull_back(Tensor& parent_delta, const Function& f, const LActivation& layer) {
    // The input may be gone where it is not needed: see memory_needs.h.
    const Tensor& x = f.needs_x() ? *layer.input : *layer.output;
    accumulate(parent_delta, [f](float d, float x, float y) { return f.pull(d, x, y); }, *layer.delta, x,
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
    if (!visit_function(act, params, [this](const auto& f) {
            apply_function(f, primitives_->elementwise, *input, *output);
        })) {
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
