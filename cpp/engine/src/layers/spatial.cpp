// Layers that move pixels without weights: padding and up-sampling.
#include <algorithm>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/da/layer_da.h"
#include "layers/common.h"

using namespace eddl;

int LPad::total_layers = 0;
int LUpSampling::total_layers = 0;

namespace {

// Calls body(plane of small, plane of large) for every channel of every sample.
template <typename Body>
void for_each_plane(const Tensor& small, const Tensor& large, Body body) {
    const std::ptrdiff_t small_size = static_cast<std::ptrdiff_t>(small.shape[2]) * small.shape[3];
    const std::ptrdiff_t large_size = static_cast<std::ptrdiff_t>(large.shape[2]) * large.shape[3];
    float* small_data = small.ptr;
    float* large_data = large.ptr;
    const std::ptrdiff_t planes = static_cast<std::ptrdiff_t>(small.shape[0]) * small.shape[1];
    parallel_for(planes, [=](std::ptrdiff_t i) { body(small_data + i * small_size, large_data + i * large_size); },
                 large_size);
}

}  // namespace

LPad::LPad(Layer* parent, std::vector<int> padding, float constant, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), padding(padding), constant(constant) {
    input = checked_parent("Pad", parent).output;
    expect_ndim("Pad", *input, 4);
    if (padding.size() == 2) this->padding = {padding[0], padding[1], padding[0], padding[1]};
    const std::vector<int>& p = this->padding;
    if (p.size() != 4 || std::any_of(p.begin(), p.end(), [](int v) { return v < 0; })) {
        invalid("Pad", "expected (top-bottom, left-right) or (top, right, bottom, left) of at least 0, received ",
                padding);
    }
    name_layer(*this, name, "pad", total_layers);
    int rows = 0, columns = 0;
    if (__builtin_add_overflow(p[0], p[2], &rows) || __builtin_add_overflow(rows, input->shape[2], &rows) ||
        __builtin_add_overflow(p[1], p[3], &columns) || __builtin_add_overflow(columns, input->shape[3], &columns)) {
        invalid("Pad", "padding ", padding, " makes images that are too large");
    }
    output = new Tensor({input->shape[0], input->shape[1], rows, columns}, dev);
    join_graph(*this, {parent});
}

void LPad::forward() {
    expect_forward(*this);
    const int rows = input->shape[2], columns = input->shape[3];
    const std::ptrdiff_t top = padding[0], right = padding[1], bottom = padding[2], left = padding[3];
    const std::ptrdiff_t width = output->shape[3];
    for_each_plane(*input, *output, [=, value = constant](const float* in, float* out) {
        out = std::fill_n(out, top * width, value);
        for (int row = 0; row < rows; ++row, in += columns) {
            out = std::fill_n(out, left, value);
            out = std::copy_n(in, columns, out);
            out = std::fill_n(out, right, value);
        }
        std::fill_n(out, bottom * width, value);
    });
}

void LPad::backward() {
    expect_backward(*this);
    const int rows = input->shape[2], columns = input->shape[3];
    const std::ptrdiff_t top = padding[0], left = padding[3], width = output->shape[3];
    for_each_plane(*parent[0]->delta, *delta, [=](float* in, const float* out) {
        for (int row = 0; row < rows; ++row) {
            const float* line = out + (top + row) * width + left;
            for (int column = 0; column < columns; ++column) *in++ += line[column];
        }
    });
}

Layer* LPad::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LPad::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), padding, constant);
}

std::string LPad::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

LUpSampling::LUpSampling(Layer* parent, const std::vector<int>& size, std::string interpolation, std::string name,
                         int dev, int mem)
    : LinLayer(name, dev, mem), size(size), interpolation(interpolation) {
    input = checked_parent("UpSampling2D", parent).output;
    expect_ndim("UpSampling2D", *input, 4);
    if (size.size() != 2 || size[0] < 1 || size[1] < 1) {
        invalid("UpSampling2D", "expected two positive factors (rows, columns), received ", size);
    }
    if (interpolation != "nearest")
        invalid("UpSampling2D", "interpolation '", interpolation, "'; there is only nearest");
    std::vector<int> shape = input->shape;
    for (const std::size_t axis : {2, 3}) {
        if (__builtin_mul_overflow(shape[axis], size[axis - 2], &shape[axis])) {
            invalid("UpSampling2D", "factors ", size, " of shape ", input->shape, " are beyond any dimension");
        }
    }
    name_layer(*this, name, "resize", LResize::total_layers);  // EDDL's UpSampling2D makes a resizing layer
    output = new Tensor(shape, dev);
    join_graph(*this, {parent});
}

void LUpSampling::forward() {
    expect_forward(*this);
    const int rows = input->shape[2], columns = input->shape[3];
    for_each_plane(*input, *output, [=, repeat = size[0], widen = size[1]](const float* in, float* out) {
        for (int row = 0; row < rows; ++row, in += columns) {
            const float* line = out;
            for (int column = 0; column < columns; ++column) out = std::fill_n(out, widen, in[column]);
            for (int again = 1; again < repeat; ++again) out = std::copy_n(line, columns * widen, out);
        }
    });
}

void LUpSampling::backward() {
    expect_backward(*this);
    const int rows = input->shape[2], columns = input->shape[3];
    for_each_plane(*parent[0]->delta, *delta, [=, repeat = size[0], widen = size[1]](float* in, const float* out) {
        for (int row = 0; row < rows; ++row, in += columns) {
            for (int again = 0; again < repeat; ++again) {
                for (int column = 0; column < columns; ++column) {
                    for (int i = 0; i < widen; ++i) in[column] += *out++;
                }
            }
        }
    });
}

Layer* LUpSampling::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LUpSampling::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), size, interpolation);
}

std::string LUpSampling::plot(int c) { return graph_node(name, c, "gray", "gray75"); }
