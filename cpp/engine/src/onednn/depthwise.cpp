#include "onednn/depthwise.h"

#include <algorithm>
#include <array>

#include "parallel.h"

namespace eddl::onednn {

namespace {

// A shape with its axes as depth, rows and columns.
struct Planes {
    using Sizes = std::array<std::ptrdiff_t, 3>;
    Sizes in, out, kernel, stride, dilation, before;
    std::ptrdiff_t in_size, out_size, taps, multiplier;

    explicit Planes(const ConvShape& s)
        : in(wide(s.in)), out(wide(s.out)), kernel(wide(s.kernel)), stride(wide(s.stride)), dilation(wide(s.dilation)),
          before(wide(s.before)), in_size(volume(s.in, 3)), out_size(volume(s.out, 3)), taps(volume(s.kernel, 3)),
          multiplier(s.out_channels / s.in_channels) {}

    static Sizes wide(const Spatial& sizes) { return {sizes[0], sizes[1], sizes[2]}; }

    // visit(first of the run in a source plane, in a destination plane, its length, tap) for all runs along a row that
    // one tap of the kernel joins; those of one destination row together.
    template <typename Visit>
    void for_each_run(Visit visit) const {
        for (std::ptrdiff_t od = 0; od < out[0]; ++od)
            for (std::ptrdiff_t oh = 0; oh < out[1]; ++oh)
                for (std::ptrdiff_t kd = 0; kd < kernel[0]; ++kd) {
                    const std::ptrdiff_t id = od * stride[0] + kd * dilation[0] - before[0];
                    if (id < 0 || id >= in[0]) continue;
                    for (std::ptrdiff_t kh = 0; kh < kernel[1]; ++kh) {
                        const std::ptrdiff_t ih = oh * stride[1] + kh * dilation[1] - before[1];
                        if (ih < 0 || ih >= in[1]) continue;
                        for (std::ptrdiff_t kw = 0; kw < kernel[2]; ++kw) {
                            const std::ptrdiff_t shift = kw * dilation[2] - before[2];
                            const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -shift);
                            const std::ptrdiff_t length = std::min(out[2], in[2] - shift) - first;
                            if (length <= 0) continue;
                            visit((id * in[1] + ih) * in[2] + first + shift, (od * out[1] + oh) * out[2] + first,
                                  length, (kd * kernel[1] + kh) * kernel[2] + kw);
                        }
                    }
                }
    }
};

void add_scaled(float* to, const float* from, float factor, std::ptrdiff_t n) {
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

float dot(const float* a, const float* b, std::ptrdiff_t n) {
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (std::ptrdiff_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

}  // namespace

bool is_direct_depthwise(const ConvShape& s) {
    return s.rank == 3 && s.groups > 1 && s.groups == s.in_channels && s.stride[2] == 1;
}

void depthwise_forward(const ConvShape& s, const float* src, const float* weights, const float* bias, float* dst,
                       bool add) {
    const Planes planes(s);
    const std::ptrdiff_t outs = s.out_channels;
    parallel_for(s.batch * outs, [&, src, weights, bias, dst](std::ptrdiff_t plane) {
        const std::ptrdiff_t channel = plane % outs;
        const float* x = src + plane / planes.multiplier * planes.in_size;
        const float* w = weights + channel * planes.taps;
        float* y = dst + plane * planes.out_size;
        if (!add) std::fill_n(y, planes.out_size, s.bias ? bias[channel] : 0.0f);
        planes.for_each_run([=](std::ptrdiff_t i, std::ptrdiff_t o, std::ptrdiff_t length, std::ptrdiff_t tap) {
            add_scaled(y + o, x + i, w[tap], length);
        });
    }, planes.out_size * planes.taps);
}

void depthwise_backward_data(const ConvShape& s, const float* weights, const float* diff_dst, float* diff_src) {
    const Planes planes(s);
    const std::ptrdiff_t ins = s.in_channels;
    parallel_for(s.batch * ins, [&, weights, diff_dst, diff_src](std::ptrdiff_t plane) {
        float* dx = diff_src + plane * planes.in_size;
        for (std::ptrdiff_t m = 0; m < planes.multiplier; ++m) {
            const float* dy = diff_dst + (plane * planes.multiplier + m) * planes.out_size;
            const float* w = weights + (plane % ins * planes.multiplier + m) * planes.taps;
            planes.for_each_run([=](std::ptrdiff_t i, std::ptrdiff_t o, std::ptrdiff_t length, std::ptrdiff_t tap) {
                add_scaled(dx + i, dy + o, w[tap], length);
            });
        }
    }, planes.out_size * planes.taps * planes.multiplier);
}

void depthwise_backward_weights(const ConvShape& s, const float* src, const float* diff_dst, float* diff_weights,
                                float* diff_bias) {
    const Planes planes(s);
    const std::ptrdiff_t outs = s.out_channels;
    // Each channel on one thread, its samples in order: always the same sums.
    parallel_for(outs, [&, src, diff_dst, diff_weights, diff_bias](std::ptrdiff_t channel) {
        float* dw = diff_weights + channel * planes.taps;
        for (std::ptrdiff_t plane = channel; plane < s.batch * outs; plane += outs) {
            const float* x = src + plane / planes.multiplier * planes.in_size;
            const float* dy = diff_dst + plane * planes.out_size;
            planes.for_each_run([=](std::ptrdiff_t i, std::ptrdiff_t o, std::ptrdiff_t length, std::ptrdiff_t tap) {
                dw[tap] += dot(x + i, dy + o, length);
            });
            if (!s.bias) continue;
            double sum = 0.0;
            for (std::ptrdiff_t i = 0; i < planes.out_size; ++i) sum += static_cast<double>(dy[i]);
            diff_bias[channel] += static_cast<float>(sum);
        }
    }, s.batch * planes.out_size * planes.taps);
}

}  // namespace eddl::onednn
