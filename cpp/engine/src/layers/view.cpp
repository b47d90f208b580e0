#include <algorithm>

#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"

using namespace eddl;

int LReshape::total_layers = 0;
int LSqueeze::total_layers = 0;
int LUnsqueeze::total_layers = 0;

namespace {

// Fills in the -1, if there is one.
std::vector<int> complete_shape(const std::vector<int>& shape, const Tensor& input) {
    std::vector<int> completed = shape;
    unsigned long known = 1;
    auto open = completed.end();
    for (auto dim = completed.begin(); dim != completed.end(); ++dim) {
        if (*dim == -1 && open == completed.end()) open = dim;
        else if (*dim < 1) invalid("Reshape", "expected positive dimensions and at most one -1, received ", shape);
        else known *= static_cast<unsigned long>(*dim);
    }
    if (open != completed.end() && input.size % known == 0) {
        *open = static_cast<int>(input.size / known);
        known = input.size;
    }
    if (known != input.size) {
        invalid("Reshape", "expected a shape of ", input.size, " elements like the input's ", input.shape,
                ", received ", shape);
    }
    return completed;
}

}  // namespace

LView::LView(std::string name, int dev, int mem) : LinLayer(name, dev, mem) {}

LView::~LView() {
    // The memory belongs to the parent.
    for (Tensor* view : {output, delta}) {
        if (view != nullptr) view->ptr = nullptr;
    }
}

void LView::view_of(Layer* parent, const std::vector<int>& shape) {
    input = parent->output;
    output = new Tensor(shape, input);
    join_graph(*this, {parent});
}

void LView::resize(int batch) { output->resize(batch, input->ptr, nullptr, false); }

void LView::mem_delta() {
    parent[0]->mem_delta();
    Tensor* source = parent[0]->delta;
    if (delta != nullptr && (delta->ptr != source->ptr || delta->shape != output->shape)) free_delta();
    if (delta == nullptr) delta = new Tensor(output->shape, source);
}

void LView::free_delta() {
    if (delta != nullptr) delta->ptr = nullptr;
    delete delta;
    delta = nullptr;
}

void LView::forward() {
    expect_forward(*this);
    // The parent's memory may have moved since resize.
    if (output->ptr != input->ptr) output->updateData(input->ptr);
}

void LView::backward() {}

std::string LView::plot(int c) { return graph_node(name, c, "White", "gray75"); }

LReshape::LReshape(Layer* parent, std::vector<int> shape, std::string name, int dev, int mem) : LView(name, dev, mem) {
    ls = complete_shape(shape, *checked_parent("Reshape", parent).output);
    name_layer(*this, name, "reshape", total_layers);
    view_of(parent, ls);
}

void LReshape::resize(int batch) {
    ls[0] = batch;
    LView::resize(batch);
}

Layer* LReshape::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LReshape::clone(int, int bs, std::vector<Layer*> p, int todev) {
    std::vector<int> shape = ls;
    shape[0] = bs;
    return make_clone(*this, todev, p.at(0), shape);
}

#define EDDL_DEFINE_AXIS_VIEW(Name, prefix, function, compute_shape)                                              \
    Name::Name(Layer* parent, int axis, std::string name, int dev, int mem) : LView(name, dev, mem), axis(axis) { \
        const std::vector<int> shape = compute_shape(checked_parent(function, parent).output->shape, axis, true); \
        name_layer(*this, name, prefix, total_layers);                                                            \
        view_of(parent, shape);                                                                                   \
    }                                                                                                             \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }        \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                              \
        return make_clone(*this, todev, p.at(0), axis);                                                           \
    }

EDDL_DEFINE_AXIS_VIEW(LSqueeze, "squeeze", "Squeeze", compute_squeeze)
EDDL_DEFINE_AXIS_VIEW(LUnsqueeze, "unsqueeze", "Unsqueeze", compute_unsqueeze)
