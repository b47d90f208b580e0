#include <algorithm>
#include <functional>
#include <numeric>

#include "eddl/layers/merge/layer_merge.h"
#include "layers/common.h"

using namespace eddl;

int LConcat::total_layers = 0;

namespace {

constexpr unsigned int LAST_AXIS = static_cast<unsigned int>(-1);

std::vector<int> without(std::vector<int> shape, std::size_t axis) {
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
    return shape;
}

// The concatenation's shape; `axis` counts the batch.
std::vector<int> joined_shape(const std::vector<Layer*>& parents, std::size_t axis) {
    std::vector<int> joined = parents[0]->output->shape;
    if (axis >= joined.size()) {
        invalid("Concat", "expected an axis below ", joined.size() - 1, " (batch not counted), received ", axis - 1);
    }
    joined[axis] = 0;
    for (Layer* parent : parents) {
        const std::vector<int>& shape = checked_parent("Concat", parent).output->shape;
        if (shape.size() != joined.size() || without(shape, axis) != without(joined, axis)) {
            invalid("Concat", "expected shapes that differ only in axis ", axis - 1, " (batch not counted), received ",
                    parents[0]->output->shape, " ('", parents[0]->name, "') and ", shape, " ('", parent->name, "')");
        }
        joined[axis] += shape[axis];
    }
    return joined;
}

// A tensor seen as `rows` runs of `length` elements that the concatenation interleaves with those of the others.
std::ptrdiff_t run_length(const Tensor& tensor, std::size_t axis) {
    return std::accumulate(tensor.shape.begin() + static_cast<std::ptrdiff_t>(axis), tensor.shape.end(),
                           std::ptrdiff_t{1}, std::multiplies<std::ptrdiff_t>());
}

// Calls copy(joined run, part run, length) for every run of every part.
template <typename Parts, typename Copy>
void for_each_run(const Tensor& joined, const Parts& parts, std::size_t axis, Copy copy) {
    const std::ptrdiff_t joined_length = run_length(joined, axis);
    const std::ptrdiff_t rows = static_cast<std::ptrdiff_t>(joined.size) / joined_length;
    std::ptrdiff_t offset = 0;
    for (const Tensor* part : parts) {
        const std::ptrdiff_t length = run_length(*part, axis);
        float* whole = joined.ptr + offset;
        float* own = part->ptr;
        parallel_for(rows, [=](std::ptrdiff_t row) { copy(whole + row * joined_length, own + row * length, length); },
                     length);
        offset += length;
    }
}

}  // namespace

LConcat::LConcat(std::vector<Layer*> parent, unsigned int axis, std::string name, int dev, int mem)
    : MLayer(name, dev, mem), axis(axis) {
    if (parent.size() < 2) invalid("Concat", "expected at least two layers, received ", parent.size());
    input = checked_parent("Concat", parent[0]).output;
    // Vectors have one axis to join along. Callers that count the batch call it 1, which EDDL accepts.
    if (axis == LAST_AXIS || (axis == 1 && input->ndim == 2)) this->axis = input->ndim - 2;
    const std::vector<int> shape = joined_shape(parent, this->axis + 1);
    name_layer(*this, name, "concat", total_layers);
    output = new Tensor(shape, dev);
    join_graph(*this, parent);
}

void LConcat::forward() {
    expect_forward(*this);
    std::vector<const Tensor*> parts;
    for (const Layer* p : parent) parts.push_back(p->output);
    for_each_run(*output, parts, axis + 1, [](float* joined, const float* part, std::ptrdiff_t length) {
        std::copy_n(part, length, joined);
    });
}

void LConcat::backward() {
    expect_backward(*this);
    std::vector<const Tensor*> parts;
    for (const Layer* p : parent) parts.push_back(p->delta);
    for_each_run(*delta, parts, axis + 1, [](const float* joined, float* part, std::ptrdiff_t length) {
        for (std::ptrdiff_t i = 0; i < length; ++i) part[i] += joined[i];
    });
}

Layer* LConcat::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LConcat::clone(int, int, std::vector<Layer*> p, int todev) { return make_clone(*this, todev, p, axis); }

std::string LConcat::plot(int c) { return graph_node(name, c, "White", "lightblue3"); }
