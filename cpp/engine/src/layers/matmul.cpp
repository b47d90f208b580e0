#include <memory>

#include "eddl/layers/merge/layer_merge.h"
#include "layers/common.h"
#include "onednn/matmul.h"

using namespace eddl;

int LMatMul::total_layers = 0;

namespace {

const char* const FUNCTION = "MatMul";

// Two vectors multiply as a row and a column.
bool are_vectors(const std::vector<int>& left) { return left.size() == 2; }

// Batch included.
std::vector<int> product_shape(const std::vector<int>& left, const std::vector<int>& right) {
    const std::size_t rank = left.size();
    bool fit = rank >= 2 && right.size() == rank;
    if (fit && are_vectors(left)) {
        fit = left[1] == right[1];
    } else if (fit) {
        fit = left[rank - 1] == right[rank - 2] && std::equal(left.begin(), left.end() - 2, right.begin());
    }
    if (!fit) {
        invalid(FUNCTION, "expected samples of shapes […, m, k] and […, k, n], or two vectors of one length, received ",
                left, " and ", right, " (batch first)");
    }
    std::vector<int> shape = left;
    shape.back() = are_vectors(left) ? 1 : right.back();
    return shape;
}

onednn::MatMulShape problem(const Tensor& left, const Tensor& right) {
    const std::vector<int>& shape = left.shape;
    if (are_vectors(shape)) return {shape[0], 1, shape[1], 1};
    const std::int64_t rows = shape[shape.size() - 2], inner = shape.back();
    return {static_cast<std::int64_t>(left.size) / (rows * inner), rows, inner, right.shape.back()};
}

}  // namespace

LMatMul::LMatMul(std::vector<Layer*> parent, std::string name, int dev, int mem) : MLayer(name, dev, mem) {
    if (parent.size() < 2) invalid(FUNCTION, "expected at least two layers, received ", parent.size());
    input = checked_parent(FUNCTION, parent[0]).output;
    if (are_vectors(input->shape) && parent.size() > 2) {
        invalid(FUNCTION, "expected two layers, since they are vectors, received ", parent.size());
    }
    std::vector<int> shape = input->shape;
    for (std::size_t i = 1; i < parent.size(); ++i) {
        shape = product_shape(shape, checked_parent(FUNCTION, parent[i]).output->shape);
        if (i + 1 < parent.size()) partial_.emplace_back(shape, dev);
        primitives_.push_back(std::make_shared<onednn::MatMul>());
    }
    name_layer(*this, name, "matmul", total_layers);
    output = new Tensor(shape, dev);
    join_graph(*this, parent);
}

void LMatMul::resize(int batch) {
    MLayer::resize(batch);
    for (Tensor& product : partial_) product.resize(batch);
}

void LMatMul::forward() {
    expect_forward(*this);
    const Tensor* left = parent[0]->output;
    for (std::size_t i = 0; i < primitives_.size(); ++i) {
        const Tensor& right = *parent[i + 1]->output;
        Tensor& product = i < partial_.size() ? partial_[i] : *output;
        primitives_[i]->forward(problem(*left, right), left->ptr, right.ptr, product.ptr);
        left = &product;
    }
}

void LMatMul::backward() {
    expect_backward(*this);
    // From the last product to the first, each passes its delta on to its two factors.
    Tensor passed = *delta;
    for (std::size_t i = primitives_.size(); i-- > 0;) {
        const bool first = i == 0;
        const Tensor& left = first ? *parent[0]->output : partial_[i - 1];
        const Tensor& right = *parent[i + 1]->output;
        const onednn::MatMulShape shape = problem(left, right);
        primitives_[i]->backward_right(shape, left.ptr, passed.ptr, parent[i + 1]->delta->ptr);
        if (first) {
            primitives_[i]->backward_left(shape, right.ptr, passed.ptr, parent[0]->delta->ptr);
        } else {
            Tensor next(left.shape);
            next.fill_(0.0f);
            primitives_[i]->backward_left(shape, right.ptr, passed.ptr, next.ptr);
            passed = next;
        }
    }
}

Layer* LMatMul::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LMatMul::clone(int, int, std::vector<Layer*> p, int todev) { return make_clone(*this, todev, p); }

std::string LMatMul::plot(int) { return graph_node(name, 0, "lightblue3", "lightblue3"); }
