#include "onednn/dense.h"

#include <tuple>

#include "onednn/matmul.h"
#include "parallel.h"

namespace eddl::onednn {

namespace {

Desc transposed(std::int64_t rows, std::int64_t columns) {
    return Desc({columns, rows}, dnnl::memory::data_type::f32, Dims{1, columns});
}

Operation make_forward(const DenseShape& s) {
    const Desc src = plain({s.rows, s.in}), weights = plain({s.in, s.out}), dst = plain({s.rows, s.out});
    const Desc bias = s.bias ? plain({1, s.out}) : Desc();
    Operation op{dnnl::matmul({engine(), src, weights, bias, dst})};
    op.reads(DNNL_ARG_SRC, src, src).reads(DNNL_ARG_WEIGHTS, weights, weights).writes(DNNL_ARG_DST, dst, dst);
    if (s.bias) op.reads(DNNL_ARG_BIAS, bias, bias);
    return op;
}

Operation make_backward_data(const DenseShape& s) {
    return make_product(plain({s.rows, s.out}), transposed(s.in, s.out), plain({s.rows, s.in}), Write::accumulate);
}

Operation make_backward_weights(const DenseShape& s) {
    return make_product(transposed(s.rows, s.in), plain({s.rows, s.out}), plain({s.in, s.out}), Write::accumulate);
}

// Sums columns in blocks, each block on one thread and row by row: fast on row-major data and always in the same order.
void add_column_sums(const float* matrix, int rows, int columns, float* sums) {
    constexpr int BLOCK = 64;
    const int blocks = (columns + BLOCK - 1) / BLOCK;
    parallel_for(blocks, [=](std::ptrdiff_t block) {
        const int first = static_cast<int>(block) * BLOCK;
        const int last = first + BLOCK < columns ? first + BLOCK : columns;
        for (int row = 0; row < rows; ++row) {
            const float* line = matrix + static_cast<std::ptrdiff_t>(row) * columns;
            for (int column = first; column < last; ++column) sums[column] += line[column];
        }
    }, static_cast<std::ptrdiff_t>(rows) * BLOCK);
}

}  // namespace

bool DenseShape::operator==(const DenseShape& other) const {
    return std::tie(rows, in, out, bias) == std::tie(other.rows, other.in, other.out, other.bias);
}

void Dense::forward(const DenseShape& shape, const float* src, const float* weights, const float* bias, float* dst) {
    forward_.get(shape, make_forward)
        .run({{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, dst}});
}

void Dense::backward_data(const DenseShape& shape, const float* weights, const float* diff_dst, float* diff_src) {
    backward_data_.get(shape, make_backward_data)
        .run({{DNNL_ARG_SRC, diff_dst}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, diff_src}});
}

void Dense::backward_weights(const DenseShape& shape, const float* src, const float* diff_dst, float* diff_weights,
                             float* diff_bias) {
    backward_weights_.get(shape, make_backward_weights)
        .run({{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, diff_dst}, {DNNL_ARG_DST, diff_weights}});
    if (shape.bias) add_column_sums(diff_dst, shape.rows, shape.out, diff_bias);
}

}  // namespace eddl::onednn
