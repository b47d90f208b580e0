// Operators that take elements, or put layers side by side.
#include <algorithm>
#include <numeric>

#include "apis/make.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/merge/layer_merge.h"
#include "serialization/onnx/import/layout.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

Values concat(Translation& t, const Node& node) {
    std::size_t rank = 0;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
        if (!t.is_constant(node, i)) rank = t.value(node, i).sample.size();
    std::vector<Value> parts;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const Value& v = t.value(node, i);
        if (v.constant != nullptr && v.constant->size() == 0) continue;
        parts.push_back(v.constant != nullptr ? constant_layer(t, node, *v.constant, rank, "constant") : v);
    }
    const std::size_t axis = sample_axis(node, node.integer("axis", 1), parts[0]);
    Ints sample = parts[0].sample;
    sample[axis] = 0;
    vlayer layers;
    for (const Value& part : parts) {
        if (part.sample.size() != sample.size())
            refuse(node, "samples of shape ", parts[0].sample, " and ", part.sample, " have different ranks");
        sample[axis] += part.sample[axis];
        layers.push_back(part.layer);
    }
    if (layers.size() == 1) return {parts[0]};
    return {t.add(node, sample, "", [&](const std::string& name) {
        return make<LConcat>(layers, static_cast<unsigned int>(axis), name);
    })};
}

// The sizes of the parts: given, or equal ones of which the last may be smaller.
Ints part_sizes(Translation& t, const Node& node, std::int64_t size) {
    const auto parts = static_cast<std::int64_t>(node.outputs.size());
    if (node.has("split")) return node.integers("split");
    if (node.opset >= 13 && node.has_input(1)) return t.constant(node, 1, "split").integers(node, "split");
    const std::int64_t number = node.integer("num_outputs", parts);
    if (number != parts || parts < 1) refuse(node, "it has ", parts, " outputs, num_outputs is ", number);
    const std::int64_t part = (size + parts - 1) / parts;
    Ints sizes(node.outputs.size(), part);
    sizes.back() = size - part * (parts - 1);
    return sizes;
}

Values split(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    const std::size_t axis = sample_axis(node, node.integer("axis", 0), x);
    const std::int64_t size = x.sample[axis];
    const Ints sizes = part_sizes(t, node, size);
    std::int64_t begin = 0;
    Values results;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (sizes[i] < 1 || sizes[i] > size - begin) refuse(node, "parts ", sizes, " do not make up an axis of ", size);
        results.push_back(node.has_output(i)
                              ? range(t, node, x, axis, begin, begin + sizes[i], i == 0 ? "" : std::to_string(i))
                              : Value{});
        begin += sizes[i];
    }
    if (begin != size || sizes.size() != node.outputs.size())
        refuse(node, "parts ", sizes, " do not make up an axis of ", size);
    return results;
}

// The last time step, which is the one that layers behind recurrent ones work on.
bool is_last_step(char axis, std::int64_t first, std::int64_t number) {
    return axis == 's' && number == 1 && (first == STEPS - 1 || first == -1);
}

// No batch has more samples: exporters write an end as far away as this where they mean all.
constexpr std::int64_t ANY_BATCH = 1000000000;

Values slice(Translation& t, const Node& node) {
    Value x = t.layer(node, 0);
    std::string lead = x.lead;
    Arguments lists{nullptr};
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        lists.push_back(node.has_input(i) ? &t.constant(node, i, "range") : nullptr);
    }
    for (const SlicedAxis& s : read_slices(node, lists, x.shape())) {
        if (s.axis < lead.size()) {
            const std::int64_t whole = x.shape()[s.axis];
            if (is_last_step(lead[s.axis], s.start, s.number)) lead[s.axis] = 'd';
            else if (s.start != 0 || s.step != 1 || s.number < std::clamp<std::int64_t>(whole - 1000, 1, ANY_BATCH))
                refuse(node, "parts of the batch cannot be cut off");
            continue;
        }
        Ints indices;
        for (std::int64_t i = 0; i < s.number; ++i) indices.push_back(s.start + i * s.step);
        x = pick(t, node, x, s.axis - lead.size(), indices, "");
    }
    x.lead = lead;
    return {x};
}

// Rows of a table that a layer of whole numbers selects.
Value embedded(Translation& t, const Node& node, const Constant& table, const Value& words) {
    if (table.dims.empty() || table.size() == 0) refuse(node, "a table of shape ", table.dims, " is not covered");
    if (as_axis(node, node.integer("axis", 0), table.dims.size()) != 0)
        refuse(node, "only rows of a table can be selected");
    const int rows = as_int(node, "rows", table.dims[0], 1, INT32_MAX);
    const std::int64_t columns = static_cast<std::int64_t>(table.size()) / rows;
    const std::int64_t length =
        std::accumulate(words.sample.begin(), words.sample.end(), std::int64_t{1}, std::multiplies<>());
    Ints sample = words.sample;
    sample.insert(sample.end(), table.dims.begin() + 1, table.dims.end());
    const Value row = view(t, node, words, {length}, "words");
    const bool is_flat = sample == Ints{length * columns};
    const Value result = t.add(node, {length * columns}, is_flat ? "" : "rows", [&](const std::string& name) {
        return Embedding(row.layer, rows, static_cast<int>(length), static_cast<int>(columns), false, name);
    });
    fill(node, *result.layer->params[0], table.floats());
    Value shaped = view(t, node, result, sample, "");
    shaped.lead = words.lead;
    return shaped;
}

// One of an axis in front of the sample: the one direction, or the last time step.
Value without_front(const Node& node, Value x, std::size_t axis, const Constant& chosen) {
    const std::int64_t index = chosen.size() == 1 ? chosen.integers(node, "indices")[0] : 0;
    const char kind = x.lead[axis];
    const bool is_only = kind == 'd' && (index == 0 || index == -1);
    if (chosen.size() != 1 || chosen.dims.size() > 1 || !(is_only || is_last_step(kind, index, 1))) {
        refuse(node, "parts of the batch cannot be selected");
    }
    if (chosen.dims.empty()) x.lead.erase(axis, 1);
    else x.lead[axis] = 'd';
    return x;
}

Values gather(Translation& t, const Node& node) {
    const Value &data = t.value(node, 0), &indices = t.value(node, 1);
    if (data.constant != nullptr) return {embedded(t, node, *data.constant, indices)};
    const Constant& constant = t.constant(node, 1, "indices");
    const std::size_t place = as_axis(node, node.integer("axis", 0), data.rank());
    if (place < data.lead.size()) return {without_front(node, data, place, constant)};
    const std::size_t axis = place - data.lead.size();
    const std::int64_t size = data.sample[axis];
    Ints chosen = constant.integers(node, "indices");
    for (std::int64_t& i : chosen) i = static_cast<std::int64_t>(as_axis(node, i, static_cast<std::size_t>(size)));
    const bool is_list = constant.dims.size() == 1;
    const Value picked = pick(t, node, data, axis, chosen, is_list ? "" : "picked");
    Ints sample = data.sample;
    const auto gone = sample.erase(sample.begin() + static_cast<std::ptrdiff_t>(axis));
    sample.insert(gone, constant.dims.begin(), constant.dims.end());
    Value result = view(t, node, picked, sample, "");
    result.lead = data.lead;
    return {result};
}

}  // namespace

Operators selection_operators() {
    return {{"Concat", concat, Steps::EACH},
            {"Split", split, Steps::EACH},
            {"Slice", slice, Steps::OWN},
            {"Gather", gather, Steps::OWN}};
}

}  // namespace eddl::onnx_io
