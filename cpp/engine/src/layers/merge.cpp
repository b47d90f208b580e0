#include <functional>

#include "eddl/layers/merge/layer_merge.h"
#include "layers/common.h"

using namespace eddl;

namespace {

// output = f(…f(f(p0, p1), p2)…)
template <typename F>
void fold_parents(const MLayer& layer, F f) {
    const std::vector<Layer*>& parents = layer.parent;
    Tensor& output = *layer.output;
    if (parents.size() == 1) {
        Tensor::copy(parents[0]->output, &output);
        return;
    }
    transform(output, f, *parents[0]->output, *parents[1]->output);
    for (std::size_t i = 2; i < parents.size(); ++i) transform(output, f, output, *parents[i]->output);
}

void add_scaled_delta(const Layer& layer, Layer& parent, float scale) {
    accumulate(*parent.delta, [=](float d) { return scale * d; }, *layer.delta);
}

// The delta goes to the parent that gave the output: the first one on a tie.
template <typename Better>
void backward_to_best(const MLayer& layer, Better better) {
    const std::vector<Layer*>& parents = layer.parent;
    std::vector<const float*> values;
    std::vector<float*> deltas;
    for (const Layer* parent : parents) {
        values.push_back(parent->output->ptr);
        deltas.push_back(parent->delta->ptr);
    }
    const float* delta = layer.delta->ptr;
    const float* const* value = values.data();
    float* const* parent_delta = deltas.data();
    const std::size_t count = parents.size();
    parallel_for(static_cast<std::ptrdiff_t>(layer.delta->size), [=](std::ptrdiff_t i) {
        std::size_t best = 0;
        for (std::size_t k = 1; k < count; ++k) {
            if (better(value[k][i], value[best][i])) best = k;
        }
        parent_delta[best][i] += delta[i];
    });
}

}  // namespace

#define EDDL_DEFINE_MERGE(Name, prefix, function)                                                           \
    int Name::total_layers = 0;                                                                             \
    Name::Name(std::vector<Layer*> parent, std::string name, int dev, int mem) : MLayer(name, dev, mem) {   \
        expect_same_shapes(function, parent);                                                               \
        name_layer(*this, name, prefix, total_layers);                                                      \
        input = parent[0]->output;                                                                          \
        output = new Tensor(input->shape, dev);                                                             \
        join_graph(*this, parent);                                                                          \
    }                                                                                                       \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }  \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) { return make_clone(*this, todev, p); }  \
    std::string Name::plot(int) { return graph_node(name, 0, "lightblue3", "lightblue3"); }

EDDL_DEFINE_MERGE(LAdd, "merge_add", "Add")
EDDL_DEFINE_MERGE(LSubtract, "subtract", "Subtract")
EDDL_DEFINE_MERGE(LAverage, "average", "Average")
EDDL_DEFINE_MERGE(LMaximum, "maximum", "Maximum")
EDDL_DEFINE_MERGE(LMinimum, "minimum", "Minimum")

void LAdd::forward() {
    expect_forward(*this);
    fold_parents(*this, std::plus<float>());
}

void LAdd::backward() {
    expect_backward(*this);
    for (Layer* p : parent) add_scaled_delta(*this, *p, 1.0f);
}

void LSubtract::forward() {
    expect_forward(*this);
    fold_parents(*this, std::minus<float>());
}

void LSubtract::backward() {
    expect_backward(*this);
    for (std::size_t i = 0; i < parent.size(); ++i) add_scaled_delta(*this, *parent[i], i == 0 ? 1.0f : -1.0f);
}

void LAverage::forward() {
    expect_forward(*this);
    fold_parents(*this, std::plus<float>());
    const float share = 1.0f / static_cast<float>(parent.size());
    transform(*output, [=](float sum) { return sum * share; }, *output);
}

void LAverage::backward() {
    expect_backward(*this);
    for (Layer* p : parent) add_scaled_delta(*this, *p, 1.0f / static_cast<float>(parent.size()));
}

void LMaximum::forward() {
    expect_forward(*this);
    fold_parents(*this, [](float a, float b) { return b > a ? b : a; });
}

void LMaximum::backward() {
    expect_backward(*this);
    backward_to_best(*this, std::greater<float>());
}

void LMinimum::forward() {
    expect_forward(*this);
    fold_parents(*this, [](float a, float b) { return b < a ? b : a; });
}

void LMinimum::backward() {
    expect_backward(*this);
    backward_to_best(*this, std::less<float>());
}
