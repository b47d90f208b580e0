#include "serialization/onnx/import/channels.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "apis/make.h"
#include "eddl/layers/channel_sum.h"
#include "eddl/layers/operators/layer_operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

using Sources = std::vector<std::ptrdiff_t>;

// What a layer is to a sum: channels of this one or of one before it.
struct Term {
    Layer* layer;
    LChannelSum::Operand operand;
    bool is_take = false;
};

const LChannelSum* as_take(const Layer* layer) {
    const auto* sum = dynamic_cast<const LChannelSum*>(layer);
    return sum != nullptr && sum->parent.size() == 1 && sum->params.empty() ? sum : nullptr;
}

Sources all_channels(const Layer& layer) {
    Sources all(static_cast<std::size_t>(layer.output->shape[1]));
    std::iota(all.begin(), all.end(), std::ptrdiff_t{0});
    return all;
}

Term term_of(Layer* layer) {
    float factor = 1.0f;
    if (const auto* product = dynamic_cast<const LMult*>(layer); product != nullptr && product->binary == 0) {
        factor = product->val;
        layer = layer->parent[0];
    }
    const LChannelSum* take = as_take(layer);
    if (take == nullptr) return {layer, {factor, all_channels(*layer)}};
    LChannelSum::Operand operand = take->form().operands[0];
    operand.factor *= factor;
    return {take->parent[0], std::move(operand), true};
}

Value add_sum(Translation& t, const Node& node, const std::vector<Term>& terms, const Floats& constants,
              const Ints& sample, const std::string& part) {
    vlayer parents;
    LChannelSum::Form form;
    Floats values;
    for (const Term& term : terms) {
        parents.push_back(term.layer);
        form.operands.push_back(term.operand);
    }
    for (std::size_t c = 0; c < constants.size(); ++c) {
        if (constants[c] == 0.0f) continue;
        form.constants.push_back(c);
        values.push_back(constants[c]);
    }
    const Value result = t.add(node, sample, part, [&](const std::string& name) {
        return make<LChannelSum>(parents, std::move(form), name);
    });
    if (!values.empty()) fill(node, *result.layer->params[0], values);
    return result;
}

bool has_one_a_channel(const Ints& dims, const Ints& sample) {
    return dims[0] == sample[0] && std::all_of(dims.begin() + 1, dims.end(), [](std::int64_t d) { return d == 1; });
}

}  // namespace

bool takes_channels(const Value& x) { return term_of(x.layer).is_take; }

Value take_channels(Translation& t, const Node& node, const Value& x, const Ints& indices, const std::string& part) {
    Term term = term_of(x.layer);
    const Sources& known = term.operand.source;
    Sources chosen;
    for (const std::int64_t i : indices) chosen.push_back(i < 0 ? -1 : known[static_cast<std::size_t>(i)]);
    Value result = x;
    result.sample[0] = static_cast<std::int64_t>(chosen.size());
    if (term.operand.factor == 1.0f && chosen == all_channels(*term.layer)) {
        result.layer = term.layer;
        return result;
    }
    term.operand.source = std::move(chosen);
    result.layer = add_sum(t, node, {term}, {}, result.sample, part).layer;
    return result;
}

std::optional<Value> sum_of_channels(Translation& t, const Node& node, const Values& operands) {
    const Value* first = nullptr;
    bool has_takes = false;
    std::vector<Term> terms;
    for (const Value& operand : operands) {
        if (operand.layer == nullptr) continue;
        if (first == nullptr) first = &operand;
        if (operand.sample.empty() || operand.sample != first->sample) return std::nullopt;
        terms.push_back(term_of(operand.layer));
        has_takes = has_takes || terms.back().is_take;
    }
    if (first == nullptr) return std::nullopt;
    const Ints& sample = first->sample;
    Floats constants;
    for (const Value& operand : operands) {
        if (operand.constant == nullptr) continue;
        if (!has_one_a_channel(constant_sample(node, *operand.constant, sample.size()), sample)) return std::nullopt;
        const Floats values = operand.constant->floats();
        constants.resize(values.size(), 0.0f);
        std::transform(values.begin(), values.end(), constants.begin(), constants.begin(), std::plus<>());
    }
    if (!has_takes && (constants.empty() || node.op != "Sum")) return std::nullopt;
    return add_sum(t, node, terms, constants, sample, "");
}

}  // namespace eddl::onnx_io
