#include "onednn/packed_product.h"

#include <tuple>

namespace eddl::onednn {

bool PackedShape::operator==(const PackedShape& other) const {
    const auto tied = [](const PackedShape& s) { return std::tie(s.rows, s.in, s.out, s.transposed, s.bias, s.add); };
    return tied(*this) == tied(other);
}

PackedProduct::Prepared PackedProduct::prepare(const PackedShape& s) {
    dnnl::primitive_attr attributes;
    if (s.add) {
        dnnl::post_ops post;
        post.append_sum(1.0f);
        attributes.set_post_ops(post);
    }
    const Desc src = plain({s.rows, s.in}), dst = plain({s.rows, s.out}), bias = s.bias ? plain({s.out}) : Desc();
    const dnnl::inner_product_forward::primitive_desc pd(engine(), dnnl::prop_kind::forward_inference, src,
                                                         any_layout({s.out, s.in}), bias, dst, attributes);
    const dnnl::memory packed(pd.weights_desc(), engine());

    Prepared prepared{Operation(dnnl::inner_product_forward(pd)), {}};
    prepared.product.reads(DNNL_ARG_SRC, src, src).keeps(DNNL_ARG_WEIGHTS, packed).writes(DNNL_ARG_DST, dst, dst);
    if (s.bias) prepared.product.reads(DNNL_ARG_BIAS, bias, bias);

    // oneDNN's weights are [out, in].
    const Dims strides = s.transposed ? Dims{s.in, 1} : Dims{1, s.out};
    const Desc given({s.out, s.in}, dnnl::memory::data_type::f32, strides);
    prepared.pack =
        Operation(dnnl::reorder(dnnl::reorder::primitive_desc(engine(), given, engine(), packed.get_desc())));
    prepared.pack.reads(DNNL_ARG_FROM, given, given).keeps(DNNL_ARG_TO, packed);
    return prepared;
}

void PackedProduct::run(const PackedShape& shape, const float* weights, const float* src, const float* bias,
                        float* dst) {
    Prepared& prepared = prepared_.get(shape, prepare);
    if (stale_ || !prepared.packed) {
        prepared.pack.run({{DNNL_ARG_FROM, weights}});
        prepared.packed = true;
        stale_ = false;
    }
    prepared.product.run({{DNNL_ARG_SRC, src}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, dst}});
}

}  // namespace eddl::onednn
