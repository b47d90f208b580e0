#include "onednn/matmul.h"

#include <tuple>

namespace eddl::onednn {

namespace {

// The transposes of `batch` plain [rows, columns] matrices.
Desc transposed(std::int64_t batch, std::int64_t rows, std::int64_t columns) {
    return Desc({batch, columns, rows}, dnnl::memory::data_type::f32, Dims{rows * columns, 1, columns});
}

Operation make_forward(const MatMulShape& s) {
    return make_product(plain({s.batch, s.rows, s.inner}), plain({s.batch, s.inner, s.columns}),
                        plain({s.batch, s.rows, s.columns}), Write::overwrite);
}

Operation make_backward_left(const MatMulShape& s) {
    return make_product(plain({s.batch, s.rows, s.columns}), transposed(s.batch, s.inner, s.columns),
                        plain({s.batch, s.rows, s.inner}), Write::accumulate);
}

Operation make_backward_right(const MatMulShape& s) {
    return make_product(transposed(s.batch, s.rows, s.inner), plain({s.batch, s.rows, s.columns}),
                        plain({s.batch, s.inner, s.columns}), Write::accumulate);
}

void run(Operation& product, const float* left, const float* right, float* destination) {
    product.run({{DNNL_ARG_SRC, left}, {DNNL_ARG_WEIGHTS, right}, {DNNL_ARG_DST, destination}});
}

}  // namespace

Operation make_product(const Desc& left, const Desc& right, const Desc& destination, Write how) {
    dnnl::primitive_attr attributes;
    if (how == Write::accumulate) {
        dnnl::post_ops post;
        post.append_sum(1.0f);
        attributes.set_post_ops(post);
    }
    Operation op{dnnl::matmul({engine(), left, right, destination, attributes})};
    op.reads(DNNL_ARG_SRC, left, left)
        .reads(DNNL_ARG_WEIGHTS, right, right)
        .writes(DNNL_ARG_DST, destination, destination);
    return op;
}

bool MatMulShape::operator==(const MatMulShape& other) const {
    return std::tie(batch, rows, inner, columns) == std::tie(other.batch, other.rows, other.inner, other.columns);
}

void MatMul::forward(const MatMulShape& shape, const float* left, const float* right, float* dst) {
    run(forward_.get(shape, make_forward), left, right, dst);
}

void MatMul::backward_left(const MatMulShape& shape, const float* right, const float* diff_dst, float* diff_left) {
    run(backward_left_.get(shape, make_backward_left), diff_dst, right, diff_left);
}

void MatMul::backward_right(const MatMulShape& shape, const float* left, const float* diff_dst, float* diff_right) {
    run(backward_right_.get(shape, make_backward_right), left, diff_dst, diff_right);
}

}  // namespace eddl::onednn
