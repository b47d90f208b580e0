#include "eddl/layers/window.h"

#include <memory>

#include "layers/common.h"

using namespace eddl;

namespace {

std::vector<int> with_column(std::vector<int> shape) {
    shape.push_back(1);
    return shape;
}

std::vector<int> without_column(std::vector<int> shape) {
    shape.pop_back();
    return shape;
}

}  // namespace

void WindowLayer::fit(Layer* parent, WindowDescriptor& descriptor, int axes) {
    input = parent->output;
    expect_ndim(descriptor.function, *input, axes + 2);
    if (axes > 1) {
        descriptor.build(input);
        output = descriptor.O;
        return;
    }
    auto reshaped = std::make_unique<Tensor>(with_column(input->shape), input);
    descriptor.build(reshaped.get());
    input_reshaped = reshaped.release();
    output = new Tensor(without_column(descriptor.O->shape), descriptor.O);
}

void WindowLayer::release(WindowDescriptor* descriptor) {
    if (one_column()) {
        delete descriptor->O;
        delete descriptor->D;
    }
    delete descriptor;
}

WindowLayer::~WindowLayer() { delete input_reshaped; }

void WindowLayer::mem_delta() {
    LinLayer::mem_delta();
    WindowDescriptor& d = descriptor();
    if (!one_column()) d.D = delta;
    else if (d.D == nullptr) d.D = new Tensor(with_column(delta->shape), delta);
    else d.D->reallocate(delta, with_column(delta->shape));
}

void WindowLayer::free_delta() {
    LinLayer::free_delta();
    WindowDescriptor& d = descriptor();
    if (one_column()) delete d.D;
    d.D = nullptr;
}

void WindowLayer::resize(int batch) {
    WindowDescriptor& d = descriptor();
    d.resize(batch);
    if (one_column()) {
        input_reshaped->reallocate(input, with_column(input->shape));
        output->reallocate(d.O, without_column(d.O->shape));
    }
}
