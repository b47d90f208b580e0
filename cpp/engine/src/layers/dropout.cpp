#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"

using namespace eddl;

int LDropout::total_layers = 0;

LDropout::LDropout(Layer* parent, float df, bool iw, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), iw(iw), df(df), mask(nullptr) {
    input = checked_parent("Dropout", parent).output;
    if (!(df >= 0.0f && df <= 1.0f)) invalid("Dropout", "expected a rate in [0, 1], received ", df);
    name_layer(*this, name, "dropout", total_layers);
    output = new Tensor(input->shape, dev);
    join_graph(*this, {parent});
}

LDropout::~LDropout() { delete mask; }

void LDropout::resize(int batch) {
    LinLayer::resize(batch);
    if (mask != nullptr) mask->resize(batch);
}

void LDropout::forward() {
    expect_forward(*this);
    masked_ = mode == TRMODE;
    if (!masked_) {
        const float scale = iw ? 1.0f - df : 1.0f;
        transform(*output, [=](float x) { return x * scale; }, *input);
        return;
    }
    // Made here, because nets that only predict need none.
    if (mask == nullptr || mask->shape != input->shape) {
        delete mask;
        mask = nullptr;
        mask = new Tensor(input->shape, dev);
    }
    mask->fill_rand_binary_(1.0f - df);
    transform(*output, [](float x, float m) { return x * m; }, *input, *mask);
}

void LDropout::backward() {
    expect_backward(*this);
    Tensor& parent_delta = *parent[0]->delta;
    if (masked_) {
        accumulate(parent_delta, [](float d, float m) { return d * m; }, *delta, *mask);
    } else {
        const float scale = iw ? 1.0f - df : 1.0f;
        accumulate(parent_delta, [=](float d) { return d * scale; }, *delta);
    }
}

Layer* LDropout::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LDropout::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), df, iw);
}

std::string LDropout::plot(int c) { return graph_node(name, c, "White", "lightpink"); }
