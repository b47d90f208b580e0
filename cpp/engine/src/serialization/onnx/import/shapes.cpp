// Operators that keep the elements and change how they are laid out.
#include <algorithm>
#include <numeric>

#include "apis/make.h"
#include "eddl/layers/core/layer_core.h"
#include "serialization/onnx/import/layout.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

std::int64_t product(const Ints& dims) {
    return std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>());
}

// The product of dimensions that a file names; `limit` is beyond what any sample has.
std::int64_t checked_product(const Node& node, const Ints& dims) {
    std::int64_t result = 1;
    for (const std::int64_t d : dims)
        if (d < 1 || __builtin_mul_overflow(result, d, &result)) refuse(node, "a shape with ", dims, " is not covered");
    return result;
}

// The sample's shape where the whole is reshaped to `target`: as it must not mix samples, what follows target[0] has as
// many elements as a sample.
Ints sample_of(const Node& node, const Value& x, Ints target, bool zero_copies) {
    const Ints whole = x.shape();
    for (std::size_t i = 0; i < target.size(); ++i)
        if (target[i] == 0 && zero_copies) {
            if (i >= whole.size()) refuse(node, "there is no dimension ", i, " to copy");
            target[i] = whole[i];
        }
    if (target.empty()) refuse(node, "a shape without the batch is not covered");
    Ints sample(target.begin() + 1, target.end());
    const std::int64_t size = product(x.sample);
    const auto open = std::count(sample.begin(), sample.end(), -1);
    if (open + (target[0] == -1 ? 1 : 0) > 1) refuse(node, "shape ", target, " leaves more than one dimension open");
    if (open == 1) {
        const auto place = std::find(sample.begin(), sample.end(), -1);
        *place = 1;
        const std::int64_t rest = checked_product(node, sample);
        if (size % rest == 0) *place = size / rest;
    }
    if (checked_product(node, sample) != size) {
        refuse(node, "shape ", target, " would mix the samples of a batch: one has shape ", x.sample);
    }
    return sample;
}

// In a recurrent net the axes in front of the sample must stay as they are, but for those of 1.
Ints without_lead(const Node& node, const Value& x, const std::string& lead, Ints target, bool zero_copies) {
    const Ints whole = x.shape();
    for (std::size_t i = 0; i < target.size() && i < whole.size() && zero_copies; ++i)
        if (target[i] == 0) target[i] = whole[i];
    if (target.size() < lead.size()) refuse(node, "shape ", target, " would mix time steps or the samples of a batch");
    // One axis may be left open; the others in front, and what stands for a batch of any size, are what they are.
    return {target.begin() + static_cast<std::ptrdiff_t>(lead.size()) - 1, target.end()};
}

Values reshape(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    Ints target = node.opset < 5 ? node.integers("shape") : t.constant(node, 1, "shape").integers(node, "shape");
    const bool zero_copies = !node.flag("allowzero", false);
    std::string lead = x.lead;
    if (lead != "b") {
        lead.erase(std::remove(lead.begin(), lead.end(), 'd'), lead.end());
        target = without_lead(node, x, lead, target, zero_copies);
    }
    Value result = view(t, node, x, sample_of(node, x, target, zero_copies && lead == "b"), "");
    result.lead = lead;
    return {result};
}

Values flatten(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const std::size_t rank = x.sample.size() + 1;
    const std::int64_t given = node.integer("axis", 1);
    const std::size_t axis = given == static_cast<std::int64_t>(rank) ? rank : as_axis(node, given, rank);
    const Ints before(x.sample.begin(),
                      x.sample.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(axis, 1)) - 1);
    if (axis == 0 || product(before) != 1) refuse(node, "an axis of ", given, " would mix the samples of a batch");
    return {view(t, node, x, {product(x.sample)}, "")};
}

// From an attribute, or from version 13 on an input.
bool read_axes(Translation& t, const Node& node, Ints& axes) {
    if (node.has("axes")) axes = node.integers("axes");
    else if (node.has_input(1)) axes = t.constant(node, 1, "axes").integers(node, "axes");
    else return false;
    return true;
}

// Counted from the front, in order.
std::vector<std::size_t> sorted_axes(const Node& node, const Ints& axes, std::size_t rank) {
    std::vector<std::size_t> result;
    for (const std::int64_t axis : axes) result.push_back(as_axis(node, axis, rank));
    std::sort(result.begin(), result.end());
    if (std::adjacent_find(result.begin(), result.end()) != result.end()) refuse(node, "axes ", axes, " repeat");
    return result;
}

bool contains(const std::vector<std::size_t>& sorted, std::size_t axis) {
    return std::binary_search(sorted.begin(), sorted.end(), axis);
}

Values squeeze(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    Ints axes;
    const Ints shape = x.shape();
    if (!read_axes(t, node, axes)) {
        for (std::size_t a = 0; a < shape.size(); ++a)
            if (shape[a] == 1) axes.push_back(static_cast<std::int64_t>(a));
    }
    const auto gone = sorted_axes(node, axes, shape.size());
    std::string lead;
    Ints sample;
    for (std::size_t a = 0; a < shape.size(); ++a) {
        if (contains(gone, a)) {
            if (shape[a] != 1) refuse(node, "axis ", a, " is not 1, a sample has shape ", x.sample);
        } else if (a < x.lead.size()) {
            lead += x.lead[a];
        } else {
            sample.push_back(shape[a]);
        }
    }
    Value result = x;
    const std::size_t front = x.lead.size();
    if (gone.size() == 1 && gone[0] >= front && !sample.empty()) {
        result = t.add(node, sample, "", [&](const std::string& name) {
            return make<LSqueeze>(x.layer, static_cast<int>(gone[0] - front), name);
        });
    } else {
        result = view(t, node, x, sample, "");
    }
    result.lead = lead;
    return {result};
}

Values unsqueeze(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    Ints axes;
    if (!read_axes(t, node, axes)) refuse(node, "its axes are missing");
    if (axes.size() > 8) refuse(node, "expected at most 8 axes, received ", axes.size());
    const auto added = sorted_axes(node, axes, x.rank() + axes.size());
    std::string lead;
    Ints sample;
    std::size_t next = 0;  // of x' axes
    for (std::size_t a = 0; a < x.rank() + axes.size(); ++a) {
        const bool is_new = contains(added, a), in_front = next < x.lead.size();
        if (in_front) lead += is_new ? 'd' : x.lead[next];
        else sample.push_back(is_new ? 1 : x.sample[next - x.lead.size()]);
        if (!is_new) ++next;
    }
    Value result = x;
    if (added.size() == 1 && lead == x.lead && !x.sample.empty()) {
        result = t.add(node, sample, "", [&](const std::string& name) {
            return make<LUnsqueeze>(x.layer, static_cast<int>(added[0] - lead.size()), name);
        });
    } else {
        result = view(t, node, x, sample, "");
    }
    result.lead = lead;
    return {result};
}

// Axes in front of the sample may change places among themselves: that is how sequences are turned.
Values transpose(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const Ints order = read_order(node, x.rank());
    const auto front = static_cast<std::int64_t>(x.lead.size());
    std::string lead;
    std::vector<int> axes;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const bool is_front = order[i] < front;
        if (is_front != (i < x.lead.size()))
            refuse(node, "an order of axes ", order, " that moves the batch is not covered");
        if (is_front) lead += x.lead[static_cast<std::size_t>(order[i])];
        else axes.push_back(static_cast<int>(order[i] - front));
    }
    Value result = permute(t, node, x, axes, "");
    result.lead = lead;
    return {result};
}

Values expand(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    Ints target = t.constant(node, 1, "shape").integers(node, "shape");
    const std::size_t rank = x.sample.size() + 1;
    if (target.size() > rank) refuse(node, "shape ", target, " would move the batch");
    if (target.size() == rank) target.erase(target.begin());
    target.insert(target.begin(), x.sample.size() - target.size(), 1);
    for (const std::int64_t d : target) as_int(node, "a dimension", d, 1, INT32_MAX);
    return {spread(t, node, x, joined(node, x.sample, target), "")};
}

Values tile(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    if (node.opset < 6) refuse(node, "this operator is not covered before version 6");
    const auto repeats = as_ints(node, "repeats", t.constant(node, 1, "repeats").integers(node, "repeats"),
                                 x.sample.size() + 1, 1, INT32_MAX);
    if (repeats[0] != 1) refuse(node, "repeats ", repeats, " would repeat the batch");
    Ints sample = x.sample;
    for (std::size_t a = 0; a < sample.size(); ++a) sample[a] *= repeats[a + 1];
    if (sample == x.sample) return {x};
    return {t.add(node, sample, "", [&](const std::string& name) { return make<LTile>(x.layer, repeats, name); })};
}

// Blocks of block × block positions become channels or come from them, in the order that `mode` says.
Value rearranged(Translation& t, const Node& node, const Value& x, const Ints& seen, const std::vector<int>& order,
                 const Ints& sample) {
    return view(t, node, permute(t, node, view(t, node, x, seen, "blocks"), order, "ordered"), sample, "");
}

std::int64_t block_size(const Node& node, const Value& x) {
    if (x.sample.size() != 3)
        refuse(node, "expected channels, rows and columns, received a sample of shape ", x.sample);
    return as_int(node, "blocksize", node.integer("blocksize", 0), 1, 1 << 20);
}

Values depth_to_space(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const std::int64_t b = block_size(node, x), h = x.sample[1], w = x.sample[2], channels = x.sample[0] / (b * b);
    if (channels < 1 || channels * b * b != x.sample[0])
        refuse(node, x.sample[0], " channels do not make blocks of ", b, " by ", b);
    const std::string mode = node.text("mode", "DCR");
    const Ints sample{channels, h * b, w * b};
    if (mode == "DCR") return {rearranged(t, node, x, {b, b, channels, h, w}, {2, 3, 0, 4, 1}, sample)};
    if (mode == "CRD") return {rearranged(t, node, x, {channels, b, b, h, w}, {0, 3, 1, 4, 2}, sample)};
    refuse(node, "mode is '", mode, "'");
}

Values space_to_depth(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const std::int64_t b = block_size(node, x), c = x.sample[0], h = x.sample[1] / b, w = x.sample[2] / b;
    if (h * b != x.sample[1] || w * b != x.sample[2])
        refuse(node, "a sample of shape ", x.sample, " does not fall into blocks of ", b, " by ", b);
    return {rearranged(t, node, x, {c, h, b, w, b}, {2, 4, 0, 1, 3}, {c * b * b, h, w})};
}

Values identity(Translation& t, const Node& node) { return {t.layer(node, 0)}; }

// Numbers stay as they are, all layers being of floats. To make whole ones of others would take a layer that rounds,
// except before a table, which reads its indices so.
Values cast(Translation& t, const Node& node) {
    Value x = t.layer(node, 0);
    const std::int64_t to = node.integer("to", 0);
    if (to == TensorProto::BOOL || to == TensorProto::STRING) refuse(node, "no layer has booleans or strings");
    const bool whole = is_whole(static_cast<int>(std::clamp<std::int64_t>(to, 0, 64)));
    const Node* reader = t.only_reader(node.outputs[0]);
    const bool selects = reader != nullptr && reader->op == "Gather" && reader->inputs[0] != node.outputs[0];
    if (whole && !x.whole && !selects) refuse(node, "no layer rounds numbers to whole ones");
    x.whole = whole;
    return {x};
}

}  // namespace

Operators shape_operators() {
    return {{"Reshape", reshape, Steps::OWN}, {"Flatten", flatten}, {"Squeeze", squeeze, Steps::OWN},
            {"Unsqueeze", unsqueeze, Steps::OWN}, {"Transpose", transpose, Steps::OWN}, {"Expand", expand},
            {"Tile", tile}, {"DepthToSpace", depth_to_space}, {"SpaceToDepth", space_to_depth},
            {"Identity", identity, Steps::EACH}, {"Cast", cast, Steps::EACH}};
}

}  // namespace eddl::onnx_io
