#include <algorithm>

#include "eddl/layers/auxiliar/layer_auxiliar.h"
#include "layers/common.h"

using namespace eddl;

int LShape::total_layers = 0;
int LWhere::total_layers = 0;

LShape::LShape(Layer* parent, bool include_batch, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem, "shape"), include_batch(include_batch) {
    input = checked_parent("Shape", parent).output;
    data.assign(input->shape.begin() + (include_batch ? 0 : 1), input->shape.end());
    if (data.empty()) invalid("Shape", "a layer of shape ", input->shape, " has no dimension but its batch");
    name_layer(*this, name, "shape", total_layers);
    output = new Tensor({input->shape[0], static_cast<int>(data.size())}, dev);
    join_graph(*this, {parent});
}

void LShape::forward() {
    expect_forward(*this);
    std::copy(input->shape.begin() + (include_batch ? 0 : 1), input->shape.end(), data.begin());
    float* out = output->ptr;
    for (int i = 0; i < output->shape[0]; ++i) out = std::copy(data.begin(), data.end(), out);
}

void LShape::backward() {}

Layer* LShape::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LShape::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), include_batch);
}

std::string LShape::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

LWhere::LWhere(Layer* parent1, Layer* parent2, Layer* condition, std::string name, int dev, int mem)
    : MLayer(name, dev, mem) {
    expect_same_shapes("Where", {parent1, parent2, condition});
    name_layer(*this, name, "where", total_layers);
    input = parent1->output;
    output = new Tensor(input->shape, dev);
    join_graph(*this, {parent1, parent2, condition});
}

void LWhere::forward() {
    expect_forward(*this);
    transform(*output, [](float a, float b, float condition) { return condition != 0.0f ? a : b; }, *parent[0]->output,
              *parent[1]->output, *parent[2]->output);
}

void LWhere::backward() {
    expect_backward(*this);
    const Tensor& condition = *parent[2]->output;
    accumulate(*parent[0]->delta, [](float d, float c) { return c != 0.0f ? d : 0.0f; }, *delta, condition);
    accumulate(*parent[1]->delta, [](float d, float c) { return c != 0.0f ? 0.0f : d; }, *delta, condition);
}

Layer* LWhere::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LWhere::clone(int, int, std::vector<Layer*> p, int todev) {
    auto* copy = new LWhere(p.at(0), p.at(1), p.at(2), name, todev, mem_level);
    adopt_rules(*copy, *this);
    return copy;
}

std::string LWhere::plot(int c) { return graph_node(name, c, "bisque4", "White"); }
