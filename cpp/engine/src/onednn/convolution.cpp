#include "onednn/convolution.h"

#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "onednn/depthwise.h"
#include "onednn/parts.h"

namespace eddl::onednn {

namespace {

enum class Pass { forward, backward_data, backward_weights };

// How the primitive sees its tensors: as they are, in the layout it chooses (channels in blocks), or channels last. The
// latter two must be brought there and back.
enum class Layout { plain, blocked, channels_last };

// Measured on AVX2, one thread: blocked layouts win by up to two times, but not for 1x1 kernels, which are plain matrix
// products unless the image is small, and not where hardly a block of channels can be filled.
bool blocked_layout_pays(const ConvShape& s, Pass pass) {
    constexpr int SMALL_IMAGE = 64;           // pixels
    constexpr int LARGE_WEIGHTS = 256 * 256;  // pairs of channels; with more, the weights' layout costs too much
    if (s.groups > 1) return true;
    if (volume(s.kernel, s.rank) == 1) return volume(s.out, s.rank) <= SMALL_IMAGE;
    switch (pass) {
        case Pass::forward: return true;
        case Pass::backward_data: return s.in_channels >= 5;
        case Pass::backward_weights: return s.in_channels >= 3 && s.in_channels * s.out_channels < LARGE_WEIGHTS;
    }
    return false;
}

struct Geometry {
    Dims src, weights, bias, dst, strides, dilates, before, after;
    Layout layout;

    Geometry(const ConvShape& s, Layout chosen)
        : src(dims_of({s.batch, s.in_channels}, s.in, s.rank)),
          weights(dims_of({s.out_channels, s.in_channels / s.groups}, s.kernel, s.rank)),
          bias{s.out_channels},
          dst(dims_of({s.batch, s.out_channels}, s.out, s.rank)),
          strides(dims_of(s.stride, s.rank)),
          dilates(dims_of(s.dilation, s.rank)),
          before(dims_of(s.before, s.rank)),
          after(dims_of(s.after, s.rank)),
          layout(chosen) {
        for (auto& dilate : dilates) --dilate;  // oneDNN counts the gaps
        // oneDNN wants the groups as an axis of their own; in memory it is the same array.
        if (s.groups > 1) {
            weights[0] /= s.groups;
            weights.insert(weights.begin(), s.groups);
        }
    }

    Geometry(const ConvShape& s, Pass pass)
        : Geometry(s, blocked_layout_pays(s, pass) ? Layout::blocked : Layout::plain) {}

    Desc tensor(const Dims& dims) const {
        switch (layout) {
            case Layout::plain: return plain(dims);
            case Layout::blocked: return any_layout(dims);
            case Layout::channels_last: break;
        }
        return channels_last(dims);
    }
};

using Forward = dnnl::convolution_forward::primitive_desc;

Forward describe_forward(const ConvShape& s, const Geometry& g) {
    const auto kind = dnnl::prop_kind::forward_training;
    const auto direct = dnnl::algorithm::convolution_direct;
    if (s.bias) {
        return {engine(), kind, direct, g.tensor(g.src), any_layout(g.weights), plain(g.bias), g.tensor(g.dst),
                g.strides, g.dilates, g.before, g.after};
    }
    return {engine(), kind, direct, g.tensor(g.src), any_layout(g.weights), g.tensor(g.dst),
            g.strides, g.dilates, g.before, g.after};
}

struct ForwardKernel {
    Forward description;
    dnnl::primitive primitive;

    explicit ForwardKernel(const Forward& made) : description(made), primitive(dnnl::convolution_forward(made)) {}
};

// oneDNN's channels-last kernel, where there is one for the shape. oneDNN 3.2 does not free the code of
// such kernels with them, about 40 KiB each. So every one is made once and kept, up to a fixed number of them.
std::optional<ForwardKernel> channels_last_kernel(const ConvShape& s) {
    constexpr std::size_t MOST_KEPT = 1000;
    struct Kept {
        ConvShape shape;
        int threads;
        ForwardKernel kernel;
    };
    static std::mutex mutex;
    static std::vector<Kept>& kept = *new std::vector<Kept>;  // not destroyed after oneDNN's own globals

    ConvShape shape = s;
    shape.save_memory = false;  // of no concern to the kernel
    const int threads = omp_get_max_threads();
    const std::lock_guard<std::mutex> lock(mutex);
    for (const Kept& known : kept) {
        if (known.threads == threads && known.shape == shape) return known.kernel;
    }
    if (kept.size() == MOST_KEPT) return std::nullopt;
    const Forward description = describe_forward(s, Geometry(s, Layout::channels_last));
    if (std::string(description.impl_info_str()).find("brgconv") == std::string::npos) return std::nullopt;
    kept.push_back({shape, threads, ForwardKernel(description)});
    return kept.back().kernel;
}

Operation make_forward(const ConvShape& s, ConvKernel chosen, Write how) {
    const Geometry g(s, Pass::forward);
    std::optional<ForwardKernel> last;
    if (chosen == ConvKernel::channels_last) last = channels_last_kernel(s);
    const ForwardKernel kernel = last ? *last : ForwardKernel(describe_forward(s, g));
    const Forward& pd = kernel.description;
    Operation op{kernel.primitive};
    op.reads(DNNL_ARG_SRC, plain(g.src), pd.src_desc())
        .reads(DNNL_ARG_WEIGHTS, plain(g.weights), pd.weights_desc())
        .writes(DNNL_ARG_DST, plain(g.dst), pd.dst_desc(), how);
    if (s.bias) op.reads(DNNL_ARG_BIAS, plain(g.bias), pd.bias_desc());
    return op;
}

Operation make_backward_data(const ConvShape& s) {
    const Geometry g(s, Pass::backward_data);
    const dnnl::convolution_backward_data::primitive_desc pd(
        engine(), dnnl::algorithm::convolution_direct, g.tensor(g.src), any_layout(g.weights), g.tensor(g.dst),
        g.strides, g.dilates, g.before, g.after, describe_forward(s, g));
    Operation op{dnnl::convolution_backward_data(pd)};
    op.reads(DNNL_ARG_WEIGHTS, plain(g.weights), pd.weights_desc())
        .reads(DNNL_ARG_DIFF_DST, plain(g.dst), pd.diff_dst_desc())
        .writes(DNNL_ARG_DIFF_SRC, plain(g.src), pd.diff_src_desc(), Write::accumulate);
    return op;
}

Operation make_backward_weights(const ConvShape& s) {
    const Geometry g(s, Pass::backward_weights);
    const auto direct = dnnl::algorithm::convolution_direct;
    const auto hint = describe_forward(s, g);
    using Described = dnnl::convolution_backward_weights::primitive_desc;
    const Described pd =
        s.bias ? Described(engine(), direct, g.tensor(g.src), any_layout(g.weights), plain(g.bias), g.tensor(g.dst),
                           g.strides, g.dilates, g.before, g.after, hint)
               : Described(engine(), direct, g.tensor(g.src), any_layout(g.weights), g.tensor(g.dst), g.strides,
                           g.dilates, g.before, g.after, hint);
    Operation op{dnnl::convolution_backward_weights(pd)};
    op.reads(DNNL_ARG_SRC, plain(g.src), pd.src_desc())
        .reads(DNNL_ARG_DIFF_DST, plain(g.dst), pd.diff_dst_desc())
        .writes(DNNL_ARG_DIFF_WEIGHTS, plain(g.weights), pd.diff_weights_desc(), Write::accumulate);
    if (s.bias) op.writes(DNNL_ARG_DIFF_BIAS, plain(g.bias), pd.diff_bias_desc(), Write::accumulate);
    return op;
}

}  // namespace

bool ConvShape::operator==(const ConvShape& other) const {
    const auto tied = [](const ConvShape& s) {
        return std::tie(s.rank, s.batch, s.groups, s.in_channels, s.out_channels, s.in, s.out, s.kernel, s.stride,
                        s.dilation, s.before, s.after, s.bias, s.save_memory);
    };
    return tied(*this) == tied(other);
}

namespace {

std::ptrdiff_t src_size(const ConvShape& s) { return s.in_channels * volume(s.in, s.rank); }
std::ptrdiff_t dst_size(const ConvShape& s) { return s.out_channels * volume(s.out, s.rank); }
std::ptrdiff_t sample_size(const ConvShape& s) { return src_size(s) + dst_size(s); }

}  // namespace

void Convolution::forward(const ConvShape& shape, const float* src, const float* weights, const float* bias,
                          float* dst) {
    const ConvKernel chosen = forward_kernel_.get(shape, forward_kernel);
    if (chosen == ConvKernel::depthwise) return depthwise_forward(shape, src, weights, bias, dst, false);
    if (chosen == ConvKernel::direct) {
        const float* const added = shape.bias ? bias : nullptr;
        return direct_forward_.get(shape, DirectConvolution::forward).run(src, weights, added, dst, false);
    }
    const auto make = [chosen](const ConvShape& s) { return make_forward(s, chosen, Write::overwrite); };
    in_parts(shape, sample_size(shape), [&](const ConvShape& part, int first) {
        forward_.get(part, make)
            .run({{DNNL_ARG_SRC, src + first * src_size(part)},
                  {DNNL_ARG_WEIGHTS, weights},
                  {DNNL_ARG_BIAS, bias},
                  {DNNL_ARG_DST, dst + first * dst_size(part)}});
    });
}

void Convolution::forward_added(const ConvShape& shape, const float* src, const float* weights, float* dst) {
    const ConvKernel chosen = forward_kernel_.get(shape, forward_kernel);
    if (chosen == ConvKernel::depthwise) return depthwise_forward(shape, src, weights, nullptr, dst, true);
    if (chosen == ConvKernel::direct) {
        return direct_forward_.get(shape, DirectConvolution::forward).run(src, weights, nullptr, dst, true);
    }
    const auto make = [chosen](const ConvShape& s) { return make_forward(s, chosen, Write::accumulate); };
    in_parts(shape, sample_size(shape), [&](const ConvShape& part, int first) {
        forward_added_.get(part, make)
            .run({{DNNL_ARG_SRC, src + first * src_size(part)},
                  {DNNL_ARG_WEIGHTS, weights},
                  {DNNL_ARG_DST, dst + first * dst_size(part)}});
    });
}

void Convolution::backward_data(const ConvShape& shape, const float* weights, const float* diff_dst,
                                float* diff_src) {
    const ConvKernel chosen = backward_data_kernel_.get(shape, backward_data_kernel);
    if (chosen == ConvKernel::depthwise) return depthwise_backward_data(shape, weights, diff_dst, diff_src);
    if (chosen == ConvKernel::direct) {
        const auto& direct = direct_backward_data_.get(shape, DirectConvolution::backward_data);
        return direct.run(diff_dst, weights, nullptr, diff_src, true);
    }
    in_parts(shape, sample_size(shape), [&](const ConvShape& part, int first) {
        backward_data_.get(part, make_backward_data)
            .run({{DNNL_ARG_WEIGHTS, weights},
                  {DNNL_ARG_DIFF_DST, diff_dst + first * dst_size(part)},
                  {DNNL_ARG_DIFF_SRC, diff_src + first * src_size(part)}});
    });
}

void Convolution::backward_weights(const ConvShape& shape, const float* src, const float* diff_dst,
                                   float* diff_weights, float* diff_bias) {
    if (is_direct_depthwise(shape)) return depthwise_backward_weights(shape, src, diff_dst, diff_weights, diff_bias);
    in_parts(shape, sample_size(shape), [&](const ConvShape& part, int first) {
        backward_weights_.get(part, make_backward_weights)
            .run({{DNNL_ARG_SRC, src + first * src_size(part)},
                  {DNNL_ARG_DIFF_DST, diff_dst + first * dst_size(part)},
                  {DNNL_ARG_DIFF_WEIGHTS, diff_weights},
                  {DNNL_ARG_DIFF_BIAS, diff_bias}});
    });
}

}  // namespace eddl::onednn
