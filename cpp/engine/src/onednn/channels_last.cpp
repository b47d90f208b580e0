#include "onednn/channels_last.h"

#include <algorithm>
#include <cstdint>

namespace eddl::onednn {

namespace {

// Work is counted in multiply-adds at the rate of whole registers, as measured on AVX2 with oneDNN 3.
constexpr int LANES = 8;  // floats in a register, channels in a block

int ceil_div(int a, int b) { return (a + b - 1) / b; }

// For how many (position, tap) pairs along an axis the tap meets the image, not the padding, which kernels skip.
std::int64_t meetings(const ConvShape& s, int axis) {
    std::int64_t count = 0;
    for (int tap = 0; tap < s.kernel[axis]; ++tap) {
        const int shift = tap * s.dilation[axis] - s.before[axis];
        const int first = std::max(0, ceil_div(std::max(0, -shift), s.stride[axis]));
        const int room = s.in[axis] - 1 - shift;
        const int last = room < 0 ? -1 : std::min(s.out[axis] - 1, room / s.stride[axis]);
        count += std::max(0, last - first + 1);
    }
    return count;
}

// The blocked kernel takes four blocks of filters at a time, three columns each. What is left over after the fours
// cannot hide the latency of its sums, so that a single block costs nearly as much as three.
double blocked_work(const ConvShape& s) {
    constexpr int BLOCKS = 4, COLUMNS = 3;
    constexpr int LEFT_OVER[BLOCKS] = {0, 22, 24, 28};  // filters' worth
    const int blocks = ceil_div(s.out_channels, LANES);
    const int filters = blocks / BLOCKS * BLOCKS * LANES + LEFT_OVER[blocks % BLOCKS];
    const int width = s.out[s.rank - 1];
    const double columns = static_cast<double>(ceil_div(width, COLUMNS) * COLUMNS) / width;
    return static_cast<double>(ceil_div(s.in_channels, LANES) * LANES) * filters * columns;
}

// The channels-last kernel takes input channels as they come, but masks the last, partly filled register of filters.
// That is slow where the others are taken in threes (or all at once) and more than half of it is filled.
double channels_last_work(const ConvShape& s) {
    constexpr int MASKED = 13, MASKED_BADLY = 27;  // filters' worth
    const int blocks = ceil_div(s.out_channels, LANES), filled = s.out_channels % LANES;
    const bool badly = filled > LANES / 2 && (blocks % 3 == 0 || blocks == 4);
    const int masked = filled == 0 ? 0 : badly ? MASKED_BADLY : MASKED;
    return static_cast<double>(s.in_channels) * (s.out_channels + masked);
}

}  // namespace

bool has_measured_kernels() {
    const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
    return isa == dnnl::cpu_isa::avx2 || isa == dnnl::cpu_isa::avx2_vnni || isa == dnnl::cpu_isa::avx2_vnni_2;
}

bool channels_last_pays(const ConvShape& s) {
    // Per weight, by which the change of its layout takes longer; that of the tensors takes as long for both.
    constexpr double WEIGHT = 15;
    // Some two microseconds: less is not worth the memory of a kernel.
    constexpr double WORTH = 100'000;
    const std::ptrdiff_t taps = volume(s.kernel, s.rank);
    if (s.groups > 1 || taps == 1) return false;  // other kernels
    double uses = s.batch;  // of the weights of a pair of channels
    for (int axis = 0; axis < s.rank; ++axis) uses *= static_cast<double>(meetings(s, axis));
    const double weights = static_cast<double>(s.in_channels) * s.out_channels * static_cast<double>(taps);
    return channels_last_work(s) * uses + WEIGHT * weights + WORTH < blocked_work(s) * uses;
}

}  // namespace eddl::onednn
