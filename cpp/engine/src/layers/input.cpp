#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"

using namespace eddl;

int LInput::total_layers = 0;

LInput::LInput(Tensor* in, std::string name, int dev, int mem) : LinLayer(name, dev, mem) {
    if (in == nullptr || in->shape.size() < 2)
        invalid("Input", "expected a tensor of a batch and at least one dimension");
    name_layer(*this, name, "input", total_layers);
    input = output = in;
}

// The delta stays: a net in front of this one takes it from here. It must be zero for the next backward.
void LInput::free_delta() {
    if (delta != nullptr) delta->fill_(0.0f);
}

void LInput::forward() {
    if (!parent.empty()) Tensor::copy(parent[0]->output, output);
}

void LInput::backward() {
    if (parent.empty()) return;
    expect_backward(*this);
    Tensor::inc(delta, parent[0]->delta);
}

Layer* LInput::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LInput::clone(int, int bs, std::vector<Layer*> p, int todev) {
    std::vector<int> shape = input->shape;
    shape[0] = bs;
    auto* copy = make_clone(*this, todev, new Tensor(shape, todev));
    join_graph(*copy, p);
    return copy;
}

std::string LInput::plot(int c) { return graph_node(name, c, "LightBlue", "White"); }
