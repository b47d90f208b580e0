#include "onednn/pooling.h"

#include <tuple>

#include "onednn/layout.h"
#include "onednn/parts.h"

namespace eddl::onednn {

namespace {

std::ptrdiff_t src_size(const PoolShape& s) { return s.channels * volume(s.in, s.rank); }
std::ptrdiff_t dst_size(const PoolShape& s) { return s.channels * volume(s.out, s.rank); }

// Every channel is pooled alone, so that those of some samples are as good as those of one. Takes so many samples for
// one that the blocks of channels, in which the primitives compute, are filled best: with 9, half would be empty.
PoolShape with_full_blocks(PoolShape s) {
    constexpr int BLOCK = 8;
    const auto empty = [](int channels) { return static_cast<double>((BLOCK - channels % BLOCK) % BLOCK) / channels; };
    int samples = 1;
    for (int n = 2; n <= s.batch; ++n) {
        if (s.batch % n == 0 && empty(n * s.channels) < empty(samples * s.channels)) samples = n;
    }
    s.batch /= samples;
    s.channels *= samples;
    return s;
}

}  // namespace

bool PoolShape::operator==(const PoolShape& other) const {
    const auto tied = [](const PoolShape& s) {
        return std::tie(s.rank, s.batch, s.channels, s.in, s.out, s.window, s.stride, s.before, s.after,
                        s.save_memory);
    };
    return tied(*this) == tied(other);
}

Pooling::Operations Pooling::make(const PoolShape& s) const {
    const Dims src = dims_of({s.batch, s.channels}, s.in, s.rank), dst = dims_of({s.batch, s.channels}, s.out, s.rank);
    const Dims stride = dims_of(s.stride, s.rank), window = dims_of(s.window, s.rank), dilation(s.rank, 0);
    const Dims before = dims_of(s.before, s.rank), after = dims_of(s.after, s.rank);
    const auto algorithm =
        kind_ == PoolKind::maximum ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_include_padding;

    const auto forward = vectorised<dnnl::pooling_forward::primitive_desc>(s.rank, [&](Tag tag) {
        return dnnl::pooling_forward::primitive_desc(
            engine(), dnnl::prop_kind::forward_training, algorithm, with_layout(src, tag), with_layout(dst, tag),
            stride, window, dilation, before, after, dnnl::primitive_attr(), true);
    });
    const dnnl::pooling_backward::primitive_desc backward(engine(), algorithm, forward.src_desc(), forward.dst_desc(),
                                                          stride, window, dilation, before, after, forward);

    Operations made{Operation(dnnl::pooling_forward(forward)), Operation(dnnl::pooling_backward(backward)),
                    kind_ == PoolKind::maximum ? forward.workspace_desc() : Desc()};
    made.forward.reads(DNNL_ARG_SRC, plain(src), forward.src_desc())
        .writes(DNNL_ARG_DST, plain(dst), forward.dst_desc());
    made.backward.reads(DNNL_ARG_DIFF_DST, plain(dst), backward.diff_dst_desc())
        .writes(DNNL_ARG_DIFF_SRC, plain(src), backward.diff_src_desc(), Write::accumulate);
    return made;
}

Pooling::Operations& Pooling::operations(const PoolShape& part) {
    return operations_.get(part, [this](const PoolShape& s) {
        workspaces_.clear();
        return make(s);
    });
}

dnnl::memory& Pooling::workspace_of(const PoolShape& part, int first) {
    const auto index = static_cast<std::size_t>(first / part.batch);
    const Desc& desc = operations(part).workspace;
    while (workspaces_.size() <= index) workspaces_.emplace_back(desc, engine());
    return workspaces_[index];
}

void Pooling::forward(const PoolShape& shape, const float* src, float* dst) {
    const PoolShape blocked = with_full_blocks(shape);
    in_parts(blocked, src_size(blocked) + dst_size(blocked), [&](const PoolShape& part, int first) {
        Operation& op = operations(part).forward;
        if (kind_ == PoolKind::maximum) op.keeps(DNNL_ARG_WORKSPACE, workspace_of(part, first));
        op.run({{DNNL_ARG_SRC, src + first * src_size(part)}, {DNNL_ARG_DST, dst + first * dst_size(part)}});
    });
}

void Pooling::backward(const PoolShape& shape, const float* diff_dst, float* diff_src) {
    const PoolShape blocked = with_full_blocks(shape);
    in_parts(blocked, src_size(blocked) + dst_size(blocked), [&](const PoolShape& part, int first) {
        Operation& op = operations(part).backward;
        if (kind_ == PoolKind::maximum) op.keeps(DNNL_ARG_WORKSPACE, workspace_of(part, first));
        op.run({{DNNL_ARG_DIFF_DST, diff_dst + first * dst_size(part)},
                {DNNL_ARG_DIFF_SRC, diff_src + first * src_size(part)}});
    });
}

}  // namespace eddl::onednn
