#include "eddl/layers/noise/layer_noise.h"
#include "eddl/random.h"
#include "layers/common.h"

using namespace eddl;

int LGaussianNoise::total_layers = 0;

LGaussianNoise::LGaussianNoise(Layer* parent, float stdev, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), stdev(stdev), noise(nullptr) {
    input = checked_parent("GaussianNoise", parent).output;
    if (!(stdev >= 0.0f)) invalid("GaussianNoise", "expected a deviation of at least 0, received ", stdev);
    name_layer(*this, name, "gaussiannoise", total_layers);
    output = new Tensor(input->shape, dev);
    join_graph(*this, {parent});
}

void LGaussianNoise::forward() {
    expect_forward(*this);
    if (mode != TRMODE) return Tensor::copy(input, output);
    random_normal(output->ptr, output->size, 0.0f, stdev);
    transform(*output, [](float drawn, float x) { return x + drawn; }, *output, *input);
}

void LGaussianNoise::backward() {
    expect_backward(*this);
    accumulate(*parent[0]->delta, [](float d) { return d; }, *delta);
}

Layer* LGaussianNoise::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LGaussianNoise::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), stdev);
}

std::string LGaussianNoise::plot(int c) { return graph_node(name, c, "bisque4", "White"); }
