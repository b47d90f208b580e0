#include "serialization/onnx/import/pieces.h"

#include <algorithm>
#include <numeric>

#include "apis/make.h"
#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/merge/layer_merge.h"
#include "eddl/layers/operators/layer_operators.h"
#include "serialization/onnx/import/channels.h"

namespace eddl::onnx_io {

namespace {

std::int64_t size_of(const Ints& sample) {
    return std::accumulate(sample.begin(), sample.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<int> to_int(const Ints& values) { return {values.begin(), values.end()}; }

std::vector<int> with_batch(const Ints& sample) {
    std::vector<int> shape = to_int(sample);
    if (shape.empty()) shape.push_back(1);
    shape.insert(shape.begin(), 1);
    return shape;
}

}  // namespace

bool is_uniform(const Constant& constant, float& number) {
    return std::visit(
        [&number](const auto& values) {
            if (values.empty()) return false;
            number = static_cast<float>(values[0]);
            return std::all_of(values.begin(), values.end(), [&](auto v) { return v == values[0]; });
        },
        constant.data);
}

std::size_t sample_axis(const Node& node, std::int64_t axis, const Value& x) {
    const std::size_t a = as_axis(node, axis, x.rank());
    if (a < x.lead.size())
        refuse(node, "axis ", axis, " of a layer of shape ", x.sample,
               " (batch not counted) is the batch, which must stay whole");
    return a - x.lead.size();
}

void fill(const Node& node, Tensor& parameter, const Floats& values) {
    if (parameter.size != values.size()) {
        refuse(node, "expected ", parameter.size, " numbers for a parameter of shape ", parameter.shape, ", received ",
               values.size());
    }
    std::copy(values.begin(), values.end(), parameter.ptr);
}

// ---- shapes ----

Value view(Translation& t, const Node& node, const Value& x, const Ints& sample, const std::string& part) {
    if (sample == x.sample) return x;
    if (size_of(sample) != size_of(x.sample)) {
        refuse(node, "a sample of shape ", x.sample, " cannot be seen as one of shape ", sample);
    }
    Value result = t.add(node, sample, part, [&](const std::string& name) {
        return make<LReshape>(x.layer, with_batch(sample), name);
    });
    result.whole = x.whole;
    return result;
}

Value permute(Translation& t, const Node& node, const Value& x, const std::vector<int>& axes, const std::string& part) {
    std::vector<int> same(axes.size());
    std::iota(same.begin(), same.end(), 0);
    if (axes == same) return x;
    Ints sample;
    for (const int axis : axes) sample.push_back(x.sample.at(static_cast<std::size_t>(axis)));
    // Where only axes of 1 move, the elements stay in order.
    const auto moves = [&](int axis) { return x.sample[static_cast<std::size_t>(axis)] != 1; };
    std::vector<int> moving;
    std::copy_if(axes.begin(), axes.end(), std::back_inserter(moving), moves);
    if (std::is_sorted(moving.begin(), moving.end())) return view(t, node, x, sample, part);
    Value result =
        t.add(node, sample, part, [&](const std::string& name) { return make<LPermute>(x.layer, axes, name); });
    result.whole = x.whole;
    return result;
}

Ints joined(const Node& node, const Ints& a, const Ints& b) {
    Ints result = a;
    bool fits = a.size() == b.size();
    for (std::size_t d = 0; fits && d < a.size(); ++d) {
        if (a[d] == 1) result[d] = b[d];
        else fits = b[d] == 1 || b[d] == a[d];
    }
    if (!fits) refuse(node, "samples of shape ", a, " and ", b, " cannot be broadcast to each other");
    return result;
}

Value spread(Translation& t, const Node& node, const Value& x, const Ints& sample, const std::string& part) {
    if (sample == x.sample) return x;
    if (joined(node, x.sample, sample) != sample) {
        refuse(node, "a sample of shape ", x.sample, " cannot be broadcast to shape ", sample);
    }
    std::vector<int> repeats{1};
    for (std::size_t d = 0; d < sample.size(); ++d) repeats.push_back(static_cast<int>(sample[d] / x.sample[d]));
    return t.add(node, sample, part, [&](const std::string& name) { return make<LTile>(x.layer, repeats, name); });
}

Ints constant_sample(const Node& node, const Constant& constant, std::size_t rank) {
    Ints dims = constant.dims;
    while (dims.size() > rank && dims[0] == 1) dims.erase(dims.begin());
    if (dims.size() > rank) {
        refuse(node, "a constant of shape ", constant.dims, " varies along the batch, which is not covered");
    }
    dims.insert(dims.begin(), rank - dims.size(), 1);
    return dims;
}

Value constant_layer(Translation& t, const Node& node, const Constant& constant, std::size_t rank,
                     const std::string& part) {
    const Ints own = constant_sample(node, constant, rank);
    return t.add(node, own, part, [&](const std::string& name) {
        const Floats values = constant.floats();
        std::vector<int> shape = to_int(own);
        if (shape.empty()) shape.push_back(1);
        Tensor tensor(shape);
        fill(node, tensor, values);
        return ConstOfTensor(&tensor, name);
    });
}

// ---- parts of an axis ----

Value range(Translation& t, const Node& node, const Value& x, std::size_t axis, std::int64_t begin, std::int64_t end,
            const std::string& part) {
    if (begin == 0 && end == x.sample[axis]) return x;
    Ints sample = x.sample;
    sample[axis] = end - begin;
    vstring indices(sample.size(), ":");
    indices[axis] = std::to_string(begin) + ":" + std::to_string(end);
    Value result =
        t.add(node, sample, part, [&](const std::string& name) { return make<LSelect>(x.layer, indices, name); });
    result.whole = x.whole;
    return result;
}

Value pick(Translation& t, const Node& node, const Value& x, std::size_t axis, const Ints& indices,
           const std::string& part) {
    const auto consecutive = [](std::int64_t a, std::int64_t b) { return b != a + 1; };
    if (indices.empty()) refuse(node, "it leaves nothing of axis ", axis + 1);
    if (axis == 0 && takes_channels(x)) return take_channels(t, node, x, indices, part);
    if (std::adjacent_find(indices.begin(), indices.end(), consecutive) == indices.end()) {
        return range(t, node, x, axis, indices.front(), indices.back() + 1, part);
    }
    if (axis == 0) return take_channels(t, node, x, indices, part);
    LinearMap map(x.sample[axis], static_cast<std::int64_t>(indices.size()));
    map.allocate(t, node);
    for (std::size_t o = 0; o < indices.size(); ++o) map.at(indices[o], static_cast<std::int64_t>(o)) = 1.0f;
    return apply(t, node, x, axis, map, part);
}

// ---- layers with numbers ----

Value dense(Translation& t, const Node& node, const Value& x, const Floats& weights, const Floats& bias,
            std::int64_t outputs, const std::string& part) {
    Ints sample = x.sample;
    if (sample.empty() || static_cast<std::int64_t>(weights.size()) != sample.back() * outputs || outputs < 1) {
        refuse(node, "a sample of shape ", sample, " does not fit ", weights.size(), " weights for ", outputs,
               " outputs");
    }
    sample.back() = outputs;
    const Value result = t.add(node, sample, part, [&](const std::string& name) {
        return make<LDense>(x.layer, static_cast<int>(outputs), !bias.empty(), name);
    });
    fill(node, *result.layer->params[0], weights);
    if (!bias.empty()) fill(node, *result.layer->params[1], bias);
    return result;
}

void LinearMap::allocate(Translation& t, const Node& node) {
    std::int64_t size = 0;
    if (__builtin_mul_overflow(in, out, &size)) refuse(node, "a map of ", in, " to ", out, " numbers is too large");
    t.reserve(node, size);
    weights.assign(static_cast<std::size_t>(size), 0.0f);
}

Value apply(Translation& t, const Node& node, const Value& x, std::size_t axis, const LinearMap& map,
            const std::string& part) {
    const std::size_t last = x.sample.size() - 1;
    std::vector<int> swapped(x.sample.size());
    std::iota(swapped.begin(), swapped.end(), 0);
    std::swap(swapped[axis], swapped[last]);
    const bool is_last = axis == last;
    const Value turned = permute(t, node, x, swapped, part.empty() ? "turned" : part + "_turned");
    Value mapped = dense(t, node, turned, map.weights, {}, map.out, !is_last ? part + "_map" : part);
    mapped.layer->setTrainable(false);
    return permute(t, node, mapped, swapped, part);
}

Value scale_channels(Translation& t, const Node& node, const Value& x, const Floats& scale, const Floats& shift,
                     const std::string& part) {
    const Ints& sample = x.sample;
    const Ints image{sample[0], std::accumulate(sample.begin() + 1, sample.end(), std::int64_t{1}, std::multiplies<>()),
                     1};
    const bool is_image = sample.size() == 3;
    const Value seen = is_image ? x : view(t, node, x, image, part + "_image");
    const int channels = as_int(node, "channels", sample[0], 1, INT32_MAX);
    const Value scaled = t.add(node, seen.sample, is_image ? part : part + "_scaled", [&](const std::string& name) {
        const std::vector<int> ones{1, 1};
        return make<LConv>(seen.layer, channels, ones, ones, "none", std::vector<int>{}, channels, ones, true, name);
    });
    fill(node, *scaled.layer->params[0], scale);
    fill(node, *scaled.layer->params[1], shift);
    return view(t, node, scaled, sample, part);
}

Value scale_by(Translation& t, const Node& node, const Value& x, float factor, float summand, const std::string& part) {
    const bool adds = summand != 0.0f;
    Value result = x;
    if (factor != 1.0f || !adds) {
        result = t.add(node, x.sample, adds ? part + "_scaled" : part,
                       [&](const std::string& name) { return make<LMult>(x.layer, factor, name); });
    }
    if (!adds) return result;
    return t.add(node, x.sample, part,
                 [&](const std::string& name) { return make<LSum>(result.layer, summand, name); });
}

}  // namespace eddl::onnx_io
