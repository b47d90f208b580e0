#include "onednn/transposed_convolution.h"

#include <algorithm>
#include <utility>

#include "parallel.h"

namespace eddl::onednn {

namespace {

// The convolution from the output back to the input. Of padding after the input it only needs what its last window
// reaches; output beyond that window it leaves alone.
ConvShape exchanged(ConvShape shape) {
    std::swap(shape.in_channels, shape.out_channels);
    std::swap(shape.in, shape.out);
    for (int axis = 0; axis < shape.rank; ++axis) {
        const int window = (shape.kernel[axis] - 1) * shape.dilation[axis] + 1;
        const int reach = (shape.out[axis] - 1) * shape.stride[axis] + window;
        shape.after[axis] = std::max(reach - shape.before[axis] - shape.in[axis], 0);
    }
    shape.bias = false;
    return shape;
}

}  // namespace

void TransposedConvolution::forward(const ConvShape& shape, const float* src, const float* weights, const float* bias,
                                    float* dst) {
    const std::ptrdiff_t positions = volume(shape.out, shape.rank), channels = shape.out_channels;
    const bool has_bias = shape.bias;
    parallel_for(shape.batch * channels, [=](std::ptrdiff_t i) {
        std::fill_n(dst + i * positions, positions, has_bias ? bias[i % channels] : 0.0f);
    }, positions);
    convolution_.backward_data(exchanged(shape), weights, src, dst);
}

void TransposedConvolution::backward_data(const ConvShape& shape, const float* weights, const float* diff_dst,
                                          float* diff_src) {
    convolution_.forward_added(exchanged(shape), diff_dst, weights, diff_src);
}

void TransposedConvolution::backward_weights(const ConvShape& shape, const float* src, const float* diff_dst,
                                             float* diff_weights, float* diff_bias) {
    convolution_.backward_weights(exchanged(shape), diff_dst, src, diff_weights, nullptr);
    if (!shape.bias) return;
    const std::ptrdiff_t positions = volume(shape.out, shape.rank), channels = shape.out_channels;
    const std::ptrdiff_t batch = shape.batch;
    parallel_for(channels, [=](std::ptrdiff_t channel) {
        double sum = 0.0;
        for (std::ptrdiff_t sample = 0; sample < batch; ++sample) {
            const float* values = diff_dst + (sample * channels + channel) * positions;
            for (std::ptrdiff_t i = 0; i < positions; ++i) sum += values[i];
        }
        diff_bias[channel] += static_cast<float>(sum);
    }, batch * positions);
}

}  // namespace eddl::onednn
