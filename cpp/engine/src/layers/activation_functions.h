// Activation functions of one element, by name: what the activation layer and the recurrent layer apply.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "layers/common.h"
#include "onednn/elementwise.h"

namespace eddl {

// Each function has its value at x, and pulls a gradient d at its value y = value(x) back to x; unless needs_x(), it
// reads y only, and any number may stand for x. Selections choose between what is there and zero, which compilers turn
// into masks; other forms become branches, ten times slower.
struct ReLu {
    float value(float x) const { return x > 0.0f ? x : 0.0f; }
    float pull(float d, float, float y) const { return y > 0.0f ? d : 0.0f; }
    bool needs_x() const { return false; }
};
struct ThresholdedReLu {
    float alpha;
    float value(float x) const { return x > alpha ? x : 0.0f; }
    float pull(float d, float x, float) const { return x > alpha ? d : 0.0f; }
    bool needs_x() const { return true; }
};
struct LeakyReLu {
    float alpha;
    float value(float x) const { return (x > 0.0f ? x : 0.0f) + alpha * (x > 0.0f ? 0.0f : x); }
    float pull(float d, float x, float y) const {
        const float sign = needs_x() ? x : y;
        return (sign > 0.0f ? d : 0.0f) + alpha * (sign > 0.0f ? 0.0f : d);
    }
    bool needs_x() const { return !(alpha >= 0.0f); }
};
struct HardSigmoid {
    bool needs_x() const { return true; }
    float value(float x) const { return x > 2.5f ? 1.0f : x < -2.5f ? 0.0f : 0.2f * x + 0.5f; }
    float pull(float d, float x, float) const { return 0.2f * (std::fabs(x) > 2.5f ? 0.0f : d); }
};
struct Softplus {  // log(1 + exp(x)) without overflow
    bool needs_x() const { return true; }
    float value(float x) const { return (x > 0.0f ? x : 0.0f) + std::log1p(std::exp(-std::fabs(x))); }
    float pull(float d, float x, float) const { return d / (1.0f + std::exp(-x)); }
};
struct Softsign {
    bool needs_x() const { return true; }
    float value(float x) const { return x / (1.0f + std::fabs(x)); }
    float pull(float d, float x, float) const {
        const float denominator = 1.0f + std::fabs(x);
        return d / (denominator * denominator);
    }
};
struct Linear {
    float alpha;
    bool needs_x() const { return false; }
    float value(float x) const { return alpha * x; }
    float pull(float d, float, float) const { return alpha * d; }
};
// Those whose value comes from oneDNN.
template <onednn::Function function>
struct FromOneDnn {
    bool needs_x() const { return false; }
};
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
        return d * ((needs_x() ? x : y) > 0.0f ? scale : y + scale * alpha);
    }
    bool needs_x() const { return !(alpha >= 0.0f && scale > 0.0f); }
};

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

// output = f(input)
template <typename Function>
auto apply_function(const Function& f, onednn::Elementwise&, const Tensor& input, Tensor& output)
    -> decltype(f.value(0.0f), void()) {
    transform(output, [f](float x) { return f.value(x); }, input);
}

template <onednn::Function function>
void apply_function(const FromOneDnn<function>&, onednn::Elementwise& elementwise, const Tensor& input,
                    Tensor& output) {
    elementwise.forward(function, 0.0f, output.size, input.ptr, output.ptr);
}

inline void apply_function(const Elu& f, onednn::Elementwise& elementwise, const Tensor& input, Tensor& output) {
    elementwise.forward(onednn::Function::elu, f.alpha, output.size, input.ptr, output.ptr);
    if (f.scale != 1.0f) transform(output, [scale = f.scale](float y) { return scale * y; }, output);
}

}  // namespace eddl
