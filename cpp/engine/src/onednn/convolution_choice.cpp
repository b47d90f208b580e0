#include "onednn/convolution_choice.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "onednn/depthwise.h"
#include "onednn/direct_convolution.h"

namespace eddl::onednn {

namespace {

// Costs are in cycles of one core with AVX2, fitted to some 600 random shapes with oneDNN 3. Of 500 others, kernels so
// chosen take 1.05 times as long as the fastest of each shape forwards and 1.07 times backwards (geometric means);
// blocked ones always, 1.52 and 1.22 times.
constexpr int LANES = 8;            // floats in a register, channels in a block
constexpr double PER_CYCLE = 15.2;  // multiply-adds of oneDNN's kernels; the machine's are 16

constexpr double NEVER = std::numeric_limits<double>::infinity();

// For how many (position, tap) pairs along an axis the tap meets the image, not the padding, which kernels skip.
std::int64_t meetings(const ConvShape& s, int axis) {
    std::int64_t count = 0;
    for (int tap = 0; tap < s.kernel[axis]; ++tap) {
        const int shift = tap * s.dilation[axis] - s.before[axis];
        const auto first = static_cast<int>(ceil_div(std::max(0, -shift), s.stride[axis]));
        const int room = s.in[axis] - 1 - shift;
        const int last = room < 0 ? -1 : std::min(s.out[axis] - 1, room / s.stride[axis]);
        count += std::max(0, last - first + 1);
    }
    return count;
}

// How many floats a convolution reads and writes, and how often it uses a weight.
struct Amounts {
    double in, out, weights, uses;

    explicit Amounts(const ConvShape& s)
        : in(static_cast<double>(s.batch) * s.in_channels * static_cast<double>(volume(s.in, s.rank))),
          out(static_cast<double>(s.batch) * s.out_channels * static_cast<double>(volume(s.out, s.rank))),
          weights(static_cast<double>(s.in_channels) / s.groups * s.out_channels *
                  static_cast<double>(volume(s.kernel, s.rank))),
          uses(static_cast<double>(s.batch) * s.groups) {
        for (int axis = 0; axis < s.rank; ++axis) uses *= static_cast<double>(meetings(s, axis));
    }
};

// Multiply-adds of oneDNN's blocked kernel for one use of the weights between `in` and `out` channels, at the rate of
// whole registers. It takes four blocks of filters at a time, three columns each. What is left over after the fours
// cannot hide the latency of its sums, so that a single block costs nearly as much as three.
double blocked_work(int in, int out, int width) {
    constexpr int BLOCKS = 4, COLUMNS = 3;
    constexpr int LEFT_OVER[BLOCKS] = {0, 22, 24, 28};  // filters' worth
    const auto blocks = static_cast<int>(ceil_div(out, LANES));
    const int filters = blocks / BLOCKS * BLOCKS * LANES + LEFT_OVER[blocks % BLOCKS];
    const double columns = static_cast<double>(ceil_div(width, COLUMNS) * COLUMNS) / width;
    return static_cast<double>(ceil_div(in, LANES) * LANES) * filters * columns;
}

// Likewise of its channels-last kernel. That takes input channels as they come, but masks the last, partly filled
// register of filters, which is slow where the others are taken in threes (or all at once) and more than half of it is
// filled. One full register alone has too few sums to hide their latency.
double channels_last_work(int in, int out) {
    constexpr int MASKED = 13, MASKED_BADLY = 27, ALONE = 3;  // filters' worth
    const auto blocks = static_cast<int>(ceil_div(out, LANES));
    const int filled = out % LANES;
    const bool badly = filled > LANES / 2 && (blocks % 3 == 0 || blocks == 4);
    const int more = filled == 0 ? (blocks == 1 ? ALONE : 0) : badly ? MASKED_BADLY : MASKED;
    return static_cast<double>(in) * (out + more);
}

// With what it takes to change the layout of tensors and weights.
double blocked_cycles(const Amounts& a, double work) {
    return work * a.uses / PER_CYCLE + 1.3 * a.in + 0.6 * a.out + 2.0 * a.weights + 30'000;
}

double channels_last_cycles(const Amounts& a, double work) {
    // Beside what was measured, some two microseconds: less is not worth the memory of a kernel.
    return work * a.uses / PER_CYCLE + 1.0 * a.in + 2.5 * a.out + 2.7 * a.weights + 14'000 + 6'000;
}

// The costs are those of the kernels for AVX2. With AVX-512 oneDNN has others.
bool has_measured_kernels() {
    const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
    return isa == dnnl::cpu_isa::avx2 || isa == dnnl::cpu_isa::avx2_vnni || isa == dnnl::cpu_isa::avx2_vnni_2;
}

// Channels that fill its blocks are left to oneDNN, whose kernels for them are hard to beat.
bool fill_blocks(int in, int out) { return in % LANES == 0 && out % LANES == 0; }

// Whether oneDNN has only slow code for these groups: it takes channels alone, or in blocks.
bool has_odd_groups(const ConvShape& s) {
    const int in = s.in_channels / s.groups, out = s.out_channels / s.groups;
    return s.groups > 1 && !(in == 1 && out == 1) && !fill_blocks(in, out);
}

bool is_depthwise(const ConvShape& s) {
    return s.groups > 1 && s.groups == s.in_channels && s.groups == s.out_channels;
}

}  // namespace

ConvKernel forward_kernel(const ConvShape& s) {
    if (is_direct_depthwise(s)) return ConvKernel::depthwise;
    // One tap is a product of matrices.
    if (!has_measured_kernels() || volume(s.kernel, s.rank) == 1 || is_depthwise(s)) return ConvKernel::onednn;
    if (has_odd_groups(s)) return ConvKernel::direct;
    const int in = s.in_channels / s.groups, out = s.out_channels / s.groups;
    const Amounts a(s);
    const double blocked = blocked_cycles(a, blocked_work(in, out, s.out[static_cast<std::size_t>(s.rank) - 1]));
    const double direct = fill_blocks(in, out) ? NEVER : direct_forward_cycles(s);
    if (s.groups == 1) {
        const double last = channels_last_cycles(a, channels_last_work(in, out));
        if (last < std::min(blocked, direct)) return ConvKernel::channels_last;
    }
    return direct < blocked ? ConvKernel::direct : ConvKernel::onednn;
}

ConvKernel backward_data_kernel(const ConvShape& s) {
    if (is_direct_depthwise(s)) return ConvKernel::depthwise;
    const auto end = s.stride.begin() + s.rank;
    const bool steps_of_one = std::all_of(s.stride.begin(), end, [](int step) { return step == 1; });
    if (!steps_of_one || !has_measured_kernels() || volume(s.kernel, s.rank) == 1 || is_depthwise(s)) {
        return ConvKernel::onednn;
    }
    if (has_odd_groups(s)) return ConvKernel::direct;
    const int in = s.in_channels / s.groups, out = s.out_channels / s.groups;
    if (fill_blocks(in, out)) return ConvKernel::onednn;
    const double work = blocked_work(out, in, s.in[static_cast<std::size_t>(s.rank) - 1]);
    const double blocked = blocked_cycles(Amounts(s), work);
    return direct_backward_data_cycles(s) < blocked ? ConvKernel::direct : ConvKernel::onednn;
}

}  // namespace eddl::onednn
