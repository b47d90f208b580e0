#include "graph_reader_layers.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "channel_sum.h"
#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/da/layer_da.h"
#include "eddl/layers/merge/layer_merge.h"
#include "eddl/layers/noise/layer_noise.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/operators/layer_operators.h"
#include "eddl/layers/pool/layer_pool.h"
#include "eddl/layers/recurrent/layer_recurrent.h"
#include "eddl/layers/reductions/layer_reductions.h"
#include "graph_reader_values.h"

namespace eddl_prune::adapter {

namespace {

using graph::ChannelMap;
using graph::Derived;
using graph::Opaque;
using graph::Operation;

using Shape = std::vector<int>;

// EDDL's group normalisation: (x - 2 · mean) / deviation.
#if defined(EDDL_EMBEDDED_ENGINE)
constexpr double means_subtracted = 1.0;
#else
constexpr double means_subtracted = 2.0;
#endif

std::size_t channels_of(const Layer& layer) { return static_cast<std::size_t>(layer.output->shape.at(channel_axis)); }
const Shape& input_shape(const Layer& layer, std::size_t input = 0) { return layer.parent.at(input)->output->shape; }

// The product of the extents from an axis on.
std::size_t volume(const Shape& shape, std::ptrdiff_t first_axis) {
    return std::accumulate(shape.begin() + first_axis, shape.end(), std::size_t{1},
                           [](std::size_t n, int extent) { return n * static_cast<std::size_t>(extent); });
}

bool any_positive(const std::vector<int>& values) {
    return std::any_of(values.begin(), values.end(), [](int value) { return value > 0; });
}

// --- channel maps ---

// All channels of an input, in their order, from the output's channel `out` on.
ChannelMap all_channels(const Layer& layer, std::size_t input = 0, std::size_t out = 0) {
    ChannelMap map;
    map.input = input;
    map.out = out;
    map.count = channels_of(*layer.parent.at(input));
    return map;
}

// Each output channel is made of the channel with its number of every input.
Operation channel_by_channel(const Layer& layer, graph::ValueOf value) {
    Derived derived;
    for (std::size_t input = 0; input < layer.parent.size(); ++input) {
        if (input_shape(layer, input).size() <= channel_axis || channels_of(*layer.parent[input]) != channels_of(layer))
            return Opaque{"operands with unequal numbers of channels"};
        derived.maps.push_back(all_channels(layer, input));
    }
    derived.value = std::move(value);
    return derived;
}

Operation merge(const Layer& layer, graph::ValueOf value) {
    for (const Layer* parent : layer.parent)
        if (Shape(parent->output->shape.begin() + 1, parent->output->shape.end()) !=
            Shape(layer.output->shape.begin() + 1, layer.output->shape.end()))
            return Opaque{"operands of unequal shapes"};
    return channel_by_channel(layer, std::move(value));
}

// The operands, of one shape, times numbers.
Operation weighted_sum(const Layer& layer, std::vector<double> factors) {
    Operation operation = merge(layer, unknown());
    if (auto* derived = std::get_if<Derived>(&operation)) {
        derived->value = graph::sum_of(derived->maps, factors, std::vector<double>(channels_of(layer), 0.0));
        derived->factors = std::move(factors);
        derived->loses_inputs = true;
    }
    return operation;
}

std::vector<double> each(const Layer& layer, double factor) { return std::vector<double>(layer.parent.size(), factor); }

// The first operand less all others.
std::vector<double> first_less_others(const Layer& layer) {
    std::vector<double> factors = each(layer, -1.0);
    factors.front() = 1.0;
    return factors;
}

double quotient_of_two(double a, double b) { return a / b; }

// --- sources ---

Operation read(const LInput& layer, const WeightedLayer&) {
    if (!layer.parent.empty()) return Opaque{"continues another net"};
    return graph::Source{};
}

// --- weighted sums ---

graph::Linear linear(const WeightedLayer& weights, graph::Layout layout, std::size_t groups, bool partial_taps) {
    return {{weights.weight->ptr, layout, weights.out_channels, weights.in_channels * groups, weights.taps, groups},
            weights.bias != nullptr ? weights.bias->ptr : nullptr,
            partial_taps};
}

Operation convolution(const Layer& layer, const WeightedLayer& weights, int groups, const std::vector<int>& pads) {
    const auto parts = static_cast<std::size_t>(groups);
    if (weights.in_channels * parts != static_cast<std::size_t>(input_shape(layer)[channel_axis]))
        return Opaque{"grouped convolution"};
    return linear(weights, graph::Layout::out_in, parts, any_positive(pads));
}

Operation read(const LConv& layer, const WeightedLayer& weights) {
    return convolution(layer, weights, layer.cd->groups, layer.cd->pads);
}
Operation read(const LConv1D& layer, const WeightedLayer& weights) {
    return convolution(layer, weights, layer.cd->groups, layer.cd->pads);
}

#if defined(EDDL_EMBEDDED_ENGINE)
Operation read(const LConv3D& layer, const WeightedLayer& weights) {
    return convolution(layer, weights, layer.cd->groups, layer.cd->pad);
}

template <class Transposed>
Operation transposed(const Transposed&, const WeightedLayer& weights) {
    return linear(weights, graph::Layout::in_out, weights.groups, true);
}
Operation read(const LConvT2D& layer, const WeightedLayer& weights) { return transposed(layer, weights); }
Operation read(const LConvT3D& layer, const WeightedLayer& weights) { return transposed(layer, weights); }
#else
// EDDL ignores the groups and, on the CPU, the bias.
Operation read(const LConv3D& layer, const WeightedLayer& weights) {
    WeightedLayer unbiased = weights;
    unbiased.bias = nullptr;
    return convolution(layer, unbiased, 1, layer.cd->pad);
}

Operation read(const LConvT2D&, const WeightedLayer&) {
    return Opaque{"transposed convolution, which EDDL cannot run on the CPU"};
}
Operation read(const LConvT3D&, const WeightedLayer&) {
    return Opaque{"transposed convolution, which EDDL cannot run on the CPU"};
}
#endif

Operation read(const LDense& layer, const WeightedLayer& weights) {
    if (is_on_last_axis(weights)) return channel_by_channel(layer, unknown());  // it mixes the values of each channel
    return linear(weights, graph::Layout::in_out, 1, false);
}

// --- layers on single values ---

Operation read(const LBatchNorm& layer, const WeightedLayer&) {
#if !defined(EDDL_EMBEDDED_ENGINE)  // EDDL's knows no others
    if (layer.input->ndim != 2 && layer.input->ndim != 4)
        return Opaque{"batch normalisation of a " + shape_text(layer.input->shape) + " tensor"};
#endif
    std::vector<double> scales, shifts;
    for (std::size_t c = 0; c < channels_of(layer); ++c) {
        const auto value = [c](const Tensor* tensor) { return static_cast<double>(tensor->ptr[c]); };
        const double gamma = layer.affine ? value(layer.bn_g) : 1.0;
        const double beta = layer.affine ? value(layer.bn_b) : 0.0;
        const double scale = gamma / std::sqrt(value(layer.variance) + static_cast<double>(layer.epsilon));
        scales.push_back(scale);
        shifts.push_back(beta - value(layer.mean) * scale);
    }
    Operation operation = channel_by_channel(layer, affine(std::move(scales), std::move(shifts)));
    if (auto* derived = std::get_if<Derived>(&operation)) derived->offsets = layer.mean->ptr;
    return operation;
}

// Each channel is made of all of its group, whose statistics are its own.
Operation read(const LGroupNorm& layer, const WeightedLayer&) {
    const std::size_t channels = channels_of(layer), size = channels / static_cast<std::size_t>(layer.groups);
    Derived derived;
    for (std::size_t c = 0; c < channels; ++c) {  // an operand each, since constants may differ
        ChannelMap member;
        member.in = c;
        member.out = c / size * size;
        member.out_block = size;
        member.count = 1;
        derived.maps.push_back(member);
    }
    const auto values = [&](const Tensor* tensor, float otherwise) {
        return layer.affine ? std::vector<float>(tensor->ptr, tensor->ptr + size) : std::vector<float>(size, otherwise);
    };
    derived.value = standardized(values(layer.bn_g, 1.0f), values(layer.bn_b, 0.0f), static_cast<double>(layer.epsilon),
                                 means_subtracted);
    return derived;
}

// The words must all be there: they are inputs of the net, or their like.
Operation read(const LEmbedding& layer, const WeightedLayer&) {
#if !defined(EDDL_EMBEDDED_ENGINE)
    if (layer.mask_zeros) return Opaque{"an embedding that masks zeros, where EDDL leaves what was in memory"};
#endif
    const Layer* words = layer.parent.at(0);
    while (is_view(*words)) words = words->parent.at(0);
    if (dynamic_cast<const LInput*>(words) == nullptr) return Opaque{"an embedding of words that the net computes"};
    const auto dim = static_cast<std::size_t>(layer.dim);
    Derived derived;
    ChannelMap word;
    word.count = static_cast<std::size_t>(layer.length);
    word.out_block = dim;
    word.coupled = false;
    derived.maps.push_back(word);
    derived.value =
        columns(common_values(layer.E->ptr, static_cast<std::size_t>(layer.vocsize), dim, layer.mask_zeros));
    return derived;
}

Operation read(const LActivation& layer, const WeightedLayer&) {
    Scalar function = activation_function(layer.act, layer.params);
    if (!function) return Opaque{layer.act + " makes each value of several channels"};
    return channel_by_channel(layer, pointwise(std::move(function)));
}

// Dropout is the identity at inference, or the expected value of the mask.
Operation read(const LDropout& layer, const WeightedLayer&) {
    const double scale = layer.iw ? 1.0 - static_cast<double>(layer.df) : 1.0;
    return channel_by_channel(layer, pointwise([scale](double x) { return scale * x; }));
}

Operation read(const LBypass& layer, const WeightedLayer&) { return channel_by_channel(layer, unchanged()); }

Operation read(const LGaussianNoise& layer, const WeightedLayer&) { return channel_by_channel(layer, unchanged()); }

template <class Function>
Operation unary(const Layer& layer, Function function) {
    return channel_by_channel(layer, pointwise(function));
}

Operation read(const LAbs& layer, const WeightedLayer&) {
    return unary(layer, [](double x) { return std::abs(x); });
}
Operation read(const LExp& layer, const WeightedLayer&) {
    return unary(layer, [](double x) { return std::exp(x); });
}
Operation read(const LLog& layer, const WeightedLayer&) {
    return unary(layer, [](double x) { return std::log(x); });
}
Operation read(const LLog2& layer, const WeightedLayer&) {
    return unary(layer, [](double x) { return std::log2(x); });
}
Operation read(const LLog10& layer, const WeightedLayer&) {
    return unary(layer, [](double x) { return std::log10(x); });
}
Operation read(const LSqrt& layer, const WeightedLayer&) {
    return unary(layer, [](double x) { return std::sqrt(x); });
}
Operation read(const LPow& layer, const WeightedLayer&) {
    return unary(layer, [exponent = static_cast<double>(layer.exponent)](double x) { return std::pow(x, exponent); });
}
Operation read(const LClamp& layer, const WeightedLayer&) {
    return unary(layer, [low = static_cast<double>(layer.min), high = static_cast<double>(layer.max)](double x) {
        return std::min(std::max(x, low), high);
    });
}

// --- two layers, or a layer and a number ---

bool has_number(const OperatorLayer& layer) { return layer.parent.size() == 1; }
double number_of(const OperatorLayer& layer) { return static_cast<double>(layer.val); }

Operation read(const LSum& layer, const WeightedLayer&) {
    if (!has_number(layer)) return weighted_sum(layer, each(layer, 1.0));
    return unary(layer, [k = number_of(layer)](double x) { return x + k; });
}
Operation read(const LDiff& layer, const WeightedLayer&) {
    if (!has_number(layer)) return weighted_sum(layer, first_less_others(layer));
    return unary(layer, [k = number_of(layer), left = layer.left != 0](double x) { return left ? x - k : k - x; });
}
Operation read(const LMult& layer, const WeightedLayer&) {
    if (!has_number(layer)) return merge(layer, product());
    return unary(layer, [k = number_of(layer)](double x) { return x * k; });
}
Operation read(const LDiv& layer, const WeightedLayer&) {
    if (!has_number(layer)) return merge(layer, folded(quotient_of_two));
    return unary(layer, [k = number_of(layer), left = layer.left != 0](double x) { return left ? x / k : k / x; });
}

// --- merges ---

Operation read(const LAdd& layer, const WeightedLayer&) { return weighted_sum(layer, each(layer, 1.0)); }
#if defined(EDDL_EMBEDDED_ENGINE)
Operation read(const LSubtract& layer, const WeightedLayer&) { return weighted_sum(layer, first_less_others(layer)); }
Operation read(const LAverage& layer, const WeightedLayer&) {
    return weighted_sum(layer, each(layer, 1.0 / static_cast<double>(layer.parent.size())));
}
Operation read(const LMaximum& layer, const WeightedLayer&) {
    return merge(layer, folded([](double a, double b) { return std::max(a, b); }));
}
Operation read(const LMinimum& layer, const WeightedLayer&) {
    return merge(layer, folded([](double a, double b) { return std::min(a, b); }));
}
#else  // EDDL's compute the sum
Operation read(const LSubtract& layer, const WeightedLayer&) { return weighted_sum(layer, each(layer, 1.0)); }
Operation read(const LAverage& layer, const WeightedLayer&) { return weighted_sum(layer, each(layer, 1.0)); }
Operation read(const LMaximum& layer, const WeightedLayer&) { return weighted_sum(layer, each(layer, 1.0)); }
Operation read(const LMinimum& layer, const WeightedLayer&) { return weighted_sum(layer, each(layer, 1.0)); }
#endif

// An operand's channels come in any order, and more than once: a map for each run that ascends.
std::vector<ChannelMap> ascending_runs(std::size_t input, const std::vector<std::ptrdiff_t>& source) {
    std::vector<ChannelMap> runs(1);
    for (std::size_t c = 0; c < source.size(); ++c) {
        if (source[c] < 0) continue;
        const auto from = static_cast<std::size_t>(source[c]);
        if (!runs.back().in_blocks.empty() && from <= runs.back().in_blocks.back()) runs.emplace_back();
        runs.back().out_blocks.push_back(c);
        runs.back().in_blocks.push_back(from);
    }
    for (ChannelMap& run : runs) {
        run.input = input;
        run.count = run.out_blocks.size();
    }
    return runs;
}

Operation read(const ChannelSum& layer, const WeightedLayer&) {
    const ChannelSum::Form& form = layer.form();
    Derived derived;
    for (std::size_t input = 0; input < layer.parent.size(); ++input) {
        for (ChannelMap& run : ascending_runs(input, form.operands[input].source))
            derived.maps.push_back(std::move(run));
        derived.factors.resize(derived.maps.size(), static_cast<double>(form.operands[input].factor));
    }
    std::vector<double> constants(channels_of(layer), 0.0);
    for (std::size_t i = 0; i < form.constants.size(); ++i)
        constants[form.constants[i]] = static_cast<double>(layer.params.front()->ptr[i]);
    derived.value = graph::sum_of(derived.maps, derived.factors, std::move(constants));
    derived.loses_inputs = true;
    return derived;
}

Operation read(const LConcat& layer, const WeightedLayer&) {
    std::size_t channels = 0;
    for (const Layer* parent : layer.parent) channels += channels_of(*parent);
    if (channels != channels_of(layer)) return channel_by_channel(layer, common());  // along another axis
    Derived derived;
    std::size_t out = 0;
    for (std::size_t input = 0; input < layer.parent.size(); ++input) {
        derived.maps.push_back(all_channels(layer, input, out));
        out += derived.maps.back().count;
    }
    derived.value = unchanged();
    derived.loses_inputs = true;
    return derived;
}

// --- values of one channel, moved, repeated or put together ---

// A window that lies in the padding alone has nothing to pool.
template <class Descriptor>
Operation pool(const Layer& layer, const Descriptor& descriptor, bool zeros_count) {
    for (std::size_t side = 0; side < descriptor.pad.size(); ++side)
        if (descriptor.pad[side] >= descriptor.ksize.at(side / 2))
            return Opaque{"pooling with a padding as large as its window"};
    return channel_by_channel(layer, any_positive(descriptor.pad) && zeros_count ? unchanged_beside(0.0) : unchanged());
}

// Where every window reaches into a frame of zeros, the largest values of a constant above 0 are that constant.
Operation read(const LMaxPool& layer, const WeightedLayer&) {
    Operation operation = pool(layer, *layer.pd, false);
    const auto* frame = dynamic_cast<const LPad*>(layer.parent.front());
    auto* const derived = std::get_if<Derived>(&operation);
    if (derived == nullptr || frame == nullptr || frame->constant != 0.0f) return operation;
    const auto largest = [](const std::vector<int>& widths) { return *std::max_element(widths.begin(), widths.end()); };
    const int window = std::min(layer.pd->ksize[0], layer.pd->ksize[1]);
    derived->sees_inside = largest(frame->padding) + largest(layer.pd->pad) < window;
    if (derived->sees_inside) derived->value = unchanged_if_not_below(0.0);
    return operation;
}
Operation read(const LMaxPool1D& layer, const WeightedLayer&) { return pool(layer, *layer.pd, false); }
Operation read(const LMaxPool3D& layer, const WeightedLayer&) { return pool(layer, *layer.pd, false); }
Operation read(const LAveragePool& layer, const WeightedLayer&) { return pool(layer, *layer.pd, true); }
Operation read(const LAveragePool1D& layer, const WeightedLayer&) { return pool(layer, *layer.pd, true); }
Operation read(const LAveragePool3D& layer, const WeightedLayer&) { return pool(layer, *layer.pd, true); }

// What lies outside the image is the layer's own value or taken from inside. Where the whole image is scaled nothing
// does.
template <class Scaling>
Operation scaling(const Scaling& layer) {
    const TransformationMode mode = layer.coordinate_transformation_mode;
    const bool stays_inside =
        layer.reshape && (mode == TransformationMode::HalfPixel || mode == TransformationMode::Asymmetric);
    const bool fills = layer.da_mode == WrappingMode::Constant && !stays_inside;
    return channel_by_channel(layer, fills ? unchanged_beside(static_cast<double>(layer.cval)) : unchanged());
}

Operation read(const LResize& layer, const WeightedLayer&) { return scaling(layer); }
Operation read(const LUpSampling3D& layer, const WeightedLayer&) { return scaling(layer); }
Operation read(const LUpSampling& layer, const WeightedLayer&) { return channel_by_channel(layer, unchanged()); }

Operation read(const LPad& layer, const WeightedLayer&) {
    if (!any_positive(layer.padding)) return channel_by_channel(layer, unchanged());
    Operation operation = channel_by_channel(layer, unchanged_beside(static_cast<double>(layer.constant)));
    if (auto* derived = std::get_if<Derived>(&operation)) derived->is_frame = layer.constant == 0.0f;
    return operation;
}

// Memory stays as it is: blocks of channels before are blocks of channels after, of as many values.
Operation reshape(const Layer& layer) {
    const Shape &from = input_shape(layer), &to = layer.output->shape;
    const Opaque other{"reshape from " + shape_text(from) + " to " + shape_text(to)};
    if (from.size() < 2 || to.size() < 2 || from.front() != to.front()) return other;
    // of a channel
    const std::size_t values_in = volume(from, 2), values_out = volume(to, 2), block = std::lcm(values_in, values_out);
    if (block == 0) return other;
    Derived derived;
    derived.maps.push_back(all_channels(layer));
    derived.value = unchanged();
    ChannelMap& map = derived.maps.front();
    map.in_block = block / values_in;
    map.out_block = block / values_out;
    map.count /= map.in_block;
    return derived;
}

Operation read(const LReshape& layer, const WeightedLayer&) { return reshape(layer); }
Operation read(const LSqueeze& layer, const WeightedLayer&) { return reshape(layer); }
Operation read(const LUnsqueeze& layer, const WeightedLayer&) { return reshape(layer); }

// Shifts, rotations, crops, …: what comes in from outside the image is not followed.
Operation read(const LDataAugmentation& layer, const WeightedLayer&) { return channel_by_channel(layer, unknown()); }

Operation read(const LPermute& layer, const WeightedLayer&) {
    if (layer.sd->dims.front() != 0) return Opaque{"moves the channels to another axis"};
    return channel_by_channel(layer, unchanged());
}

Operation read(const LSelect& layer, const WeightedLayer&) {
    const std::vector<int>& range = layer.sd->idxs_range.front();
    if (range.at(1) - range.at(0) + 1 != layer.output->shape.at(channel_axis))
        return Opaque{"selects other channels than a range"};
    Derived derived;
    derived.maps.push_back(all_channels(layer));
    derived.value = unchanged();
    derived.maps.front().in = static_cast<std::size_t>(range[0]);
    derived.maps.front().count = channels_of(layer);
    return derived;
}

Operation read(const LTile& layer, const WeightedLayer&) {
    Derived derived;
    for (int turn = 0; turn < layer.td->vrepeats.at(channel_axis); ++turn)
        derived.maps.push_back(all_channels(layer, 0, static_cast<std::size_t>(turn) * channels_of(*layer.parent[0])));
    derived.value = unchanged();
    return derived;
}

Operation read(const LRepeat& layer, const WeightedLayer&) {
    if (layer.rd->axis != channel_axis) return channel_by_channel(layer, unchanged());
    Derived derived;
    ChannelMap copies;
    copies.count = 1;
    for (const unsigned int repeats : layer.rd->vrepeats) {
        copies.out_block = repeats;
        if (repeats > 0) derived.maps.push_back(copies);
        copies.out += repeats;
        ++copies.in;
    }
    derived.value = unchanged();
    return derived;
}

// The other layer's channels are not read, but there must be as many.
Operation read(const LBroadcast& layer, const WeightedLayer&) {
#if !defined(EDDL_EMBEDDED_ENGINE)
    if (layer.shapes_swapped || !is_view(*layer.p1)) return Opaque{"EDDL's broadcast reads its parent's input"};
#endif
    const Shape &from = input_shape(layer), &seen = layer.td->ishape, &to = layer.td->oshape;
    const bool is_vector = from.size() == 2;
    const bool keeps_axes = from.size() == to.size() + 1 || (is_vector && seen.front() == from[channel_axis]);
    if (!keeps_axes) return Opaque{"a broadcast that puts the channels on another axis"};
    // EDDL takes any shape of as many axes for the whole one.
    if (volume(seen, 0) != volume(from, channel_axis)) return Opaque{"a broadcast that reads beyond its input"};
    Derived derived{{all_channels(layer)}, unchanged(), {}};
    if (seen.front() != to.front()) {  // one channel, for all
        derived.maps.front().out_block = channels_of(layer);
        derived.maps.front().coupled = false;
    }
    if (layer.p2 != nullptr) {
        ChannelMap shape;
        shape.input = 1;
        shape.count = channels_of(layer);
        shape.read = false;
        derived.maps.push_back(shape);
    }
    return derived;
}

// --- reductions over other axes than the channels' ---

template <class Reduction>
Operation reduction(const Reduction& layer, graph::ValueOf value) {
    if (layer.axis.empty() || std::find(layer.axis.begin(), layer.axis.end(), 0) != layer.axis.end())
        return Opaque{"reduces over channels"};
    return channel_by_channel(layer, std::move(value));
}

Operation read(const LRMean& layer, const WeightedLayer&) { return reduction(layer, unchanged()); }
Operation read(const LRMax& layer, const WeightedLayer&) { return reduction(layer, unchanged()); }
Operation read(const LRMin& layer, const WeightedLayer&) { return reduction(layer, unchanged()); }
Operation read(const LRSum& layer, const WeightedLayer&) {
    double terms = 1.0;
    for (const int axis : layer.axis) terms *= input_shape(layer).at(static_cast<std::size_t>(axis) + 1);
    return reduction(layer, pointwise([terms](double x) { return terms * x; }));
}

#if defined(EDDL_EMBEDDED_ENGINE)
Operation read(const LRVar& layer, const WeightedLayer&) {
    return reduction(layer, pointwise([](double) { return 0.0; }));
}
Operation read(const LRArgmax& layer, const WeightedLayer&) { return reduction(layer, unknown()); }
#else
Operation read(const LRVar&, const WeightedLayer&) { return Opaque{"EDDL's variance keeps layers of its own"}; }
Operation read(const LRArgmax&, const WeightedLayer&) {
    return Opaque{"EDDL's places of maxima keep descriptors of their own"};
}
#endif

// --- layers whose every value is made of several channels ---

Operation read(const LLayerNorm&, const WeightedLayer&) {
    return Opaque{"layer normalisation, whose statistics are over all channels"};
}
Operation read(const LNorm&, const WeightedLayer&) { return Opaque{"a norm over all channels"}; }
Operation read(const LNormMax&, const WeightedLayer&) { return Opaque{"a norm over all channels"}; }
Operation read(const LNormMinMax&, const WeightedLayer&) { return Opaque{"a norm over all channels"}; }
Operation read(const LMatMul&, const WeightedLayer&) { return Opaque{"a product of matrices"}; }

// --- recurrent cells: the gates' weights for the inputs, then those for the states, then the biases ---

// `zero_biases`: those of the source, the gate without which the state stays 0, numbered after all weights.
Operation cell(const Layer& layer, std::size_t gates, std::optional<std::size_t> source,
               const std::vector<std::size_t>& zero_biases) {
    graph::Recurrent read;
    const vlayer& all = layer.net->layers;
    if (layer.parent.size() > 1)
        read.states_pass = "a recurrent layer that goes on from another's states";
    else if (std::any_of(all.begin(), all.end(), [](const Layer* other) { return other->isdecoder; }))
        read.states_pass = "a recurrent layer of an encoder or decoder, between which states pass";
    for (std::size_t param = 0; param < 2 * gates; ++param) {
        const Tensor& weights = *layer.params.at(param);
        graph::Connections connections;
        connections.weights = weights.ptr;
        connections.layout = graph::Layout::in_out;
        connections.in = static_cast<std::size_t>(weights.shape[0]);
        connections.out = static_cast<std::size_t>(weights.shape[1]);
        (param < gates ? read.from_inputs : read.from_states).push_back(connections);
    }
    read.has_biases = layer.params.size() > 2 * gates;
    if (read.states_pass.empty()) read.source = source;
    for (const std::size_t bias : zero_biases)
        if (read.has_biases) read.source_biases.push_back(layer.params.at(2 * gates + bias)->ptr);
    return read;
}

template <class Gated>
Operation gated(const Gated& layer, std::size_t gates, std::vector<std::size_t> candidate_biases) {
    Operation operation = cell(layer, gates, gates - 1, candidate_biases);
    if (auto* read = std::get_if<graph::Recurrent>(&operation)) read->watches_inputs = layer.mask_zeros;
    return operation;
}

Operation read(const LLSTM& layer, const WeightedLayer&) { return gated(layer, 4, {3}); }
// The candidate has a bias outside the reset gate, and one inside.
Operation read(const LGRU& layer, const WeightedLayer&) { return gated(layer, 3, {2, 3}); }
Operation read(const LRNN& layer, const WeightedLayer&) {
    const Scalar function = activation_function(layer.activation == "none" ? "linear" : layer.activation, {1.0f});
    const bool stays_zero = function && function(0.0) == 0.0;
    return cell(layer, 1, stays_zero ? std::optional<std::size_t>(0) : std::nullopt, {0});
}

Operation read(const LStates&, const WeightedLayer&) { return Opaque{"states of recurrent layers"}; }
Operation read(const LCopyStates&, const WeightedLayer&) { return Opaque{"states of recurrent layers"}; }

// The first kind that fits. Layers of a class derived from one of ours by PyEDDL's binding are of that kind.
template <class... Kinds>
Operation read_as(const Layer& layer, const WeightedLayer& weights) {
    Operation operation = Opaque{"its kind of layer is not followed"};
    const auto try_kind = [&](const auto* kind) {
        if (kind != nullptr) operation = read(*kind, weights);
        return kind != nullptr;
    };
    static_cast<void>((try_kind(dynamic_cast<const Kinds*>(&layer)) || ...));
    return operation;
}

}  // namespace

graph::Operation read_layer(const Layer& layer, const WeightedLayer& weights) {
    return read_as<LInput, LConv, LConv1D, LConv3D, LConvT2D, LConvT3D, LDense,                             //
                   LBatchNorm, LActivation, LDropout, LGaussianNoise,                                       //
                   LAbs, LExp, LLog, LLog2, LLog10, LSqrt, LPow, LClamp, LSum, LDiff, LMult, LDiv,          //
                   LAdd, LSubtract, LAverage, LMaximum, LMinimum, ChannelSum, LConcat,                      //
                   LMaxPool, LMaxPool1D, LMaxPool3D, LAveragePool, LAveragePool1D, LAveragePool3D,          //
                   LResize, LUpSampling3D, LUpSampling, LPad, LDataAugmentation,                            //
                   LReshape, LSqueeze, LUnsqueeze, LBypass, LPermute, LSelect, LTile, LRepeat,              //
                   LRMean, LRMax, LRMin, LRSum, LRVar, LRArgmax,                                            //
                   LLayerNorm, LGroupNorm, LNorm, LNormMax, LNormMinMax, LMatMul, LEmbedding, LBroadcast,       //
                   LRNN, LLSTM, LGRU, LStates, LCopyStates>(layer, weights);
}

}  // namespace eddl_prune::adapter
