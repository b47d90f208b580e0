#include "layers/states.h"

#include <algorithm>
#include <memory>

#include "eddl/layers/recurrent/layer_recurrent.h"
#include "layers/common.h"

using namespace eddl;

int LCopyStates::total_layers = 0;
int LStates::total_layers = 0;

namespace eddl {

void check_recurrent(const char* function, const std::vector<Layer*>& in, int units, int states) {
    if (in.empty() || in.size() > 2) {
        invalid(function, "expected a layer, or a layer and one with the states to begin with, received ", in.size(),
                " layers");
    }
    const Tensor& input = *checked_parent(function, in[0]).output;
    expect_ndim(function, input, 2);
    if (units < 1) invalid(function, "expected at least 1 unit, received ", units);
    if (in.size() < 2) return;
    const Layer& before = checked_parent(function, in[1]);
    const std::vector<int> shape = {input.shape[0], units};
    const auto fits = [&](const Tensor* state) { return state->shape == shape; };
    const auto needed = static_cast<std::size_t>(states);
    if (before.states.size() < needed ||
        !std::all_of(before.states.begin(), before.states.begin() + states, fits)) {
        invalid(function, "expected ", needed, " states of shape ", shape, " from layer '", before.name,
                "', which has ", before.states.size(),
                before.states.empty() ? "" : " of shape " + to_text(before.states[0]->shape));
    }
}

}  // namespace eddl

StateLayer::StateLayer(std::string name, int dev, int mem) : MLayer(name, dev, mem) {}

void StateLayer::resize(int batch) {
    MLayer::resize(batch);
    for (Tensor* state : states) {
        if (state != output) state->resize(batch);
    }
}

void StateLayer::mem_delta() {
    MLayer::mem_delta();
    delta_states.resize(states.size(), nullptr);
    for (std::size_t i = 0; i < states.size(); ++i) {
        Tensor*& d = delta_states[i];
        if (states[i] == output) {
            d = delta;
        } else if (d == nullptr || d->shape != states[i]->shape) {
            delete d;
            d = nullptr;
            d = Tensor::zeros(states[i]->shape, dev);
        }
    }
}

void StateLayer::free_delta() {
    for (Tensor* d : delta_states) {
        if (d != delta) delete d;
    }
    delta_states.clear();
    MLayer::free_delta();
}

LCopyStates::LCopyStates(std::vector<Layer*> in, std::string name, int dev, int mem) : StateLayer(name, dev, mem) {
    if (in.size() != 1) invalid("GetStates", "expected one layer, received ", in.size());
    const Layer& source = checked_parent("GetStates", in[0]);
    if (source.states.empty()) invalid("GetStates", "layer '", source.name, "' has no states");
    name_layer(*this, name, "CopyState", total_layers);
    input = source.output;
    for (const Tensor* state : source.states) states.push_back(new Tensor(state->shape, dev));
    output = states[0];
    join_graph(*this, in);
}

void LCopyStates::forward() {
    expect_forward(*this);
    for (std::size_t i = 0; i < states.size(); ++i) Tensor::copy(parent[0]->states[i], states[i]);
}

void LCopyStates::backward() {
    for (std::size_t i = 0; i < states.size(); ++i) Tensor::inc(delta_states[i], parent[0]->delta_states[i]);
}

Layer* LCopyStates::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }
Layer* LCopyStates::clone(int, int, std::vector<Layer*> p, int todev) { return make_clone(*this, todev, p); }
std::string LCopyStates::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

LStates::LStates(Tensor* in, std::string name, int dev, int mem) : StateLayer(name, dev, mem) {
    if (in == nullptr || in->shape.size() != 3) invalid("States", "expected a tensor of a batch, states and units");
    name_layer(*this, name, "State", total_layers);
    input = output = in;
    input->fill_(0.0f);
    for (int i = 0; i < in->shape[1]; ++i) states.push_back(Tensor::zeros({in->shape[0], in->shape[2]}, dev));
}

// It stays, as an input's does: a net in front of this one takes it from here.
void LStates::free_delta() {
    if (delta != nullptr) delta->fill_(0.0f);
    for (Tensor* d : delta_states) d->fill_(0.0f);
}

namespace {

// copy(values of a state in the input's layout, the same in the state's own, count) for each sample and state.
template <typename Copy>
void for_each_state(const Tensor& all, const std::vector<Tensor*>& states, Copy copy) {
    const std::ptrdiff_t count = all.shape[2], stride = all.shape[1] * count;
    for (std::size_t s = 0; s < states.size(); ++s) {
        for (std::ptrdiff_t row = 0; row < all.shape[0]; ++row) {
            copy(all.ptr + row * stride + static_cast<std::ptrdiff_t>(s) * count, states[s]->ptr + row * count, count);
        }
    }
}

}  // namespace

void LStates::forward() {
    const auto copy = [](const float* all, float* state, std::ptrdiff_t n) { std::copy_n(all, n, state); };
    for_each_state(*input, states, copy);
}

void LStates::backward() {
    for_each_state(*delta, delta_states, [](float* all, const float* state, std::ptrdiff_t n) {
        for (std::ptrdiff_t i = 0; i < n; ++i) all[i] += state[i];
    });
}

Layer* LStates::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LStates::clone(int, int bs, std::vector<Layer*> p, int todev) {
    std::vector<int> shape = input->shape;
    shape[0] = bs;
    auto* copy = make_clone(*this, todev, new Tensor(shape, todev));
    join_graph(*copy, p);
    return copy;
}

std::string LStates::plot(int c) { return graph_node(name, c, "bisque4", "White"); }
