#include <algorithm>
#include <memory>

#include "eddl/layers/recurrent/layer_recurrent.h"
#include "layers/activation_functions.h"
#include "layers/common.h"
#include "layers/states.h"
#include "onednn/dense.h"

using namespace eddl;

int LRNN::total_layers = 0;

// Scratch memory and primitives, one for all copies that share the parameters.
struct LRNN::Step {
    onednn::Dense input_product, state_product;
    onednn::Elementwise function;
    std::vector<float> sums;  // [batch, units]: the state's part of preoutput, or the gradient by preoutput

    float* sums_for(const Tensor& output) {
        sums.resize(output.size);
        return sums.data();
    }
};

namespace {

template <typename Visit>
void visit_activation(const LRNN& layer, Visit visit) {
    visit_function(layer.activation == "none" ? "linear" : layer.activation, {1.0f, 1.0f}, visit);
}

onednn::DenseShape product_shape(const LRNN& layer, const Tensor& weights, bool bias) {
    return {layer.output->shape[0], weights.shape[0], weights.shape[1], bias};
}

const float* data(const Tensor* tensor) { return tensor == nullptr ? nullptr : tensor->ptr; }

}  // namespace

LRNN::LRNN(std::vector<Layer*> in, int units, std::string activation, bool use_bias, bool bidirectional,
           std::string name, int dev, int mem)
    : StateLayer(name, dev, mem), units(units), use_bias(use_bias), bidirectional(bidirectional),
      activation(activation), preoutput(nullptr), Wx(nullptr), Wy(nullptr), bias(nullptr), gWx(nullptr), gWy(nullptr),
      gbias(nullptr), step_(std::make_shared<Step>()) {
    check_recurrent("RNN", in, units, 1);
    const std::vector<std::string> allowed = {"relu", "sigmoid", "hard_sigmoid", "tanh", "none"};
    if (std::find(allowed.begin(), allowed.end(), activation) == allowed.end())
        invalid("RNN", "expected an activation of ", allowed, ", received '", activation, "'");
    name_layer(*this, name, "RNN", total_layers);
    isrecurrent = true;
    input = in[0]->output;
    const std::vector<int> shape = {input->shape[0], units};
    states.push_back(output = new Tensor(shape, dev));
    const auto add_pair = [&](const std::vector<int>& parameter_shape) {
        params.push_back(new Tensor(parameter_shape, dev));
        gradients.push_back(new Tensor(parameter_shape, dev));
    };
    add_pair({input->shape[1], units});
    add_pair({units, units});
    if (use_bias) add_pair({units});
    preoutput = new Tensor(shape, dev);  // last: should memory end before, no destructor of this class would run
    name_tensors();
    join_graph(*this, in);
}

LRNN::~LRNN() { delete preoutput; }

void LRNN::name_tensors() {
    Wx = params[0];
    Wy = params[1];
    gWx = gradients[0];
    gWy = gradients[1];
    bias = use_bias ? params[2] : nullptr;
    gbias = use_bias ? gradients[2] : nullptr;
}

void LRNN::resize(int batch) {
    StateLayer::resize(batch);
    preoutput->resize(batch);
}

void LRNN::forward() {
    expect_forward(*this);
    step_->input_product.forward(product_shape(*this, *Wx, use_bias), input->ptr, Wx->ptr, data(bias), preoutput->ptr);
    if (parent.size() > 1) {
        const Tensor from_state(output->shape, step_->sums_for(*output), dev);
        step_->state_product.forward(product_shape(*this, *Wy, false), parent[1]->states[0]->ptr, Wy->ptr, nullptr,
                                     from_state.ptr);
        accumulate(*preoutput, [](float x) { return x; }, from_state);
    }
    visit_activation(*this, [this](const auto& f) { apply_function(f, step_->function, *preoutput, *output); });
}

void LRNN::backward() {
    expect_backward(*this);
    Tensor d(output->shape, step_->sums_for(*output), dev);
    visit_activation(*this, [&](const auto& f) {
        transform(d, [f](float dy, float x, float y) { return f.pull(dy, x, y); }, *delta, *preoutput, *output);
    });
    const auto pull = [&](onednn::Dense& product, const Tensor& from, Tensor& from_delta, const Tensor& weights,
                          Tensor& gradient, Tensor* bias_gradient) {
        const onednn::DenseShape shape = product_shape(*this, weights, bias_gradient != nullptr);
        if (trainable) {
            float* bias_sums = bias_gradient == nullptr ? nullptr : bias_gradient->ptr;
            product.backward_weights(shape, from.ptr, d.ptr, gradient.ptr, bias_sums);
        }
        product.backward_data(shape, weights.ptr, d.ptr, from_delta.ptr);
    };
    pull(step_->input_product, *input, *parent[0]->delta, *Wx, *gWx, gbias);
    if (parent.size() > 1) {
        pull(step_->state_product, *parent[1]->states[0], *parent[1]->delta_states[0], *Wy, *gWy, nullptr);
    }
    if (trainable && reg != nullptr) {
        reg->apply(Wx);
        reg->apply(Wy);
    }
}

Layer* LRNN::share(int c, int bs, std::vector<Layer*> p) {
    auto* copy = make_shared_copy(*this, c, bs, p);
    copy->name_tensors();
    copy->step_ = step_;
    return copy;
}

Layer* LRNN::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p, units, activation, use_bias, bidirectional);
}

std::string LRNN::plot(int c) { return graph_node(name, c, "Orange", "Orange", "polygon"); }
