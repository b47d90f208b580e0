#include "onednn/softmax.h"

#include <tuple>

namespace eddl::onednn {

namespace {

constexpr int AXIS = 1;

dnnl::softmax_forward::primitive_desc describe_forward(const Desc& tensor) {
    return {engine(), dnnl::prop_kind::forward_training, dnnl::algorithm::softmax_accurate, tensor, tensor, AXIS};
}

Desc tensor_of(const SoftmaxShape& s) { return plain({s.outer, s.axis, s.inner}); }

Operation make_forward(const SoftmaxShape& s) {
    const Desc tensor = tensor_of(s);
    Operation op{dnnl::softmax_forward(describe_forward(tensor))};
    op.reads(DNNL_ARG_SRC, tensor, tensor).writes(DNNL_ARG_DST, tensor, tensor);
    return op;
}

Operation make_backward(const SoftmaxShape& s) {
    const Desc tensor = tensor_of(s);
    const dnnl::softmax_backward::primitive_desc pd(engine(), dnnl::algorithm::softmax_accurate, tensor, tensor, tensor,
                                                    AXIS, describe_forward(tensor));
    Operation op{dnnl::softmax_backward(pd)};
    op.reads(DNNL_ARG_DST, tensor, tensor)
        .reads(DNNL_ARG_DIFF_DST, tensor, tensor)
        .writes(DNNL_ARG_DIFF_SRC, tensor, tensor, Write::accumulate);
    return op;
}

}  // namespace

bool SoftmaxShape::operator==(const SoftmaxShape& other) const {
    return std::tie(outer, axis, inner) == std::tie(other.outer, other.axis, other.inner);
}

void Softmax::forward(const SoftmaxShape& shape, const float* src, float* dst) {
    forward_.get(shape, make_forward).run({{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});
}

void Softmax::backward(const SoftmaxShape& shape, const float* dst, const float* diff_dst, float* diff_src) {
    backward_.get(shape, make_backward)
        .run({{DNNL_ARG_DST, dst}, {DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_DIFF_SRC, diff_src}});
}

}  // namespace eddl::onednn
