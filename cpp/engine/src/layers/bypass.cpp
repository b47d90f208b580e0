#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"

using namespace eddl;

int LBypass::total_layers = 0;

LBypass::LBypass(Layer* parent, std::string bypass_name, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem, "bypass"), bypass_name(bypass_name) {
    input = checked_parent("Bypass", parent).output;
    name_layer(*this, name, "bypass", total_layers);
    output = input;
    join_graph(*this, {parent});
}

LBypass::~LBypass() { output = delta = nullptr; }  // the parent's

void LBypass::mem_delta() {
    parent[0]->mem_delta();
    delta = parent[0]->delta;
}

void LBypass::free_delta() { delta = nullptr; }

// The parent zeroes what is its own.
void LBypass::reset() { detached = false; }

void LBypass::resize(int) {}

void LBypass::forward() { output = parent[0]->output; }

void LBypass::backward() {}

Layer* LBypass::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LBypass::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), bypass_name);
}

std::string LBypass::plot(int c) { return graph_node(name, c, "bisque4", "White"); }
