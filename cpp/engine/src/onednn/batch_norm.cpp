#include "onednn/batch_norm.h"

#include <tuple>

#include "onednn/layout.h"

namespace eddl::onednn {

namespace {

using Flags = dnnl::normalization_flags;

Dims tensor_dims(const BatchNormShape& s) { return {s.batch, s.channels, s.rows, s.columns}; }

dnnl::batch_normalization_forward::primitive_desc describe_forward(const BatchNormShape& s) {
    Flags flags = Flags::none;
    if (s.affine) flags |= Flags::use_scale | Flags::use_shift;
    if (s.given_statistics) flags |= Flags::use_global_stats;
    using Described = dnnl::batch_normalization_forward::primitive_desc;
    const auto describe = [&](Tag tag) {
        const Desc tensor = with_layout(tensor_dims(s), tag);
        return Described(engine(), dnnl::prop_kind::forward_training, tensor, tensor, s.epsilon, flags,
                         dnnl::primitive_attr(), true);
    };
    return s.save_memory ? describe(Tag::nchw) : vectorised<Described>(2, describe);
}

Operation make_forward(const BatchNormShape& s) {
    const auto pd = describe_forward(s);
    const Desc tensor = plain(tensor_dims(s)), channels = plain({s.channels});
    Operation op{dnnl::batch_normalization_forward(pd)};
    op.reads(DNNL_ARG_SRC, tensor, pd.src_desc()).writes(DNNL_ARG_DST, tensor, pd.dst_desc());
    for (const int argument : {DNNL_ARG_MEAN, DNNL_ARG_VARIANCE}) op.writes(argument, channels, channels);
    if (s.affine) op.reads(DNNL_ARG_SCALE, channels, channels).reads(DNNL_ARG_SHIFT, channels, channels);
    return op;
}

Operation make_backward(const BatchNormShape& s) {
    const auto forward = describe_forward(s);
    Flags flags = Flags::none;
    if (s.affine) flags |= Flags::use_scale | Flags::use_shift;
    if (s.given_statistics) flags |= Flags::use_global_stats;
    const auto kind = s.affine ? dnnl::prop_kind::backward : dnnl::prop_kind::backward_data;
    const dnnl::batch_normalization_backward::primitive_desc pd(
        engine(), kind, forward.dst_desc(), forward.dst_desc(), forward.src_desc(), s.epsilon, flags, forward);
    const Desc tensor = plain(tensor_dims(s)), channels = plain({s.channels});
    Operation op{dnnl::batch_normalization_backward(pd)};
    op.reads(DNNL_ARG_SRC, tensor, pd.src_desc())
        .reads(DNNL_ARG_DIFF_DST, tensor, pd.diff_dst_desc())
        .reads(DNNL_ARG_MEAN, channels, channels)
        .reads(DNNL_ARG_VARIANCE, channels, channels)
        .writes(DNNL_ARG_DIFF_SRC, tensor, pd.diff_src_desc(), Write::accumulate);
    if (s.affine) {
        op.reads(DNNL_ARG_SCALE, channels, channels)
            .writes(DNNL_ARG_DIFF_SCALE, channels, channels, Write::accumulate)
            .writes(DNNL_ARG_DIFF_SHIFT, channels, channels, Write::accumulate);
    }
    return op;
}

}  // namespace

bool BatchNormShape::operator==(const BatchNormShape& other) const {
    const auto tied = [](const BatchNormShape& s) {
        return std::tie(s.batch, s.channels, s.rows, s.columns, s.epsilon, s.affine, s.save_memory, s.given_statistics);
    };
    return tied(*this) == tied(other);
}

void BatchNorm::forward(const BatchNormShape& shape, const float* src, float* mean, float* variance,
                        Affine<const float> affine, float* dst) {
    forward_.get(shape, make_forward)
        .run({{DNNL_ARG_SRC, src},
              {DNNL_ARG_DST, dst},
              {DNNL_ARG_MEAN, mean},
              {DNNL_ARG_VARIANCE, variance},
              {DNNL_ARG_SCALE, affine.scale},
              {DNNL_ARG_SHIFT, affine.shift}});
}

void BatchNorm::backward(const BatchNormShape& shape, const float* src, const float* mean, const float* variance,
                         const float* scale, const float* diff_dst, float* diff_src, Affine<float> gradients) {
    backward_.get(shape, make_backward)
        .run({{DNNL_ARG_SRC, src},
              {DNNL_ARG_DIFF_DST, diff_dst},
              {DNNL_ARG_DIFF_SRC, diff_src},
              {DNNL_ARG_MEAN, mean},
              {DNNL_ARG_VARIANCE, variance},
              {DNNL_ARG_SCALE, scale},
              {DNNL_ARG_DIFF_SCALE, gradients.scale},
              {DNNL_ARG_DIFF_SHIFT, gradients.shift}});
}

}  // namespace eddl::onednn
