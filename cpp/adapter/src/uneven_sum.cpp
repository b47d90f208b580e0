#include "uneven_sum.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/kernels/channels.h"
#include "graph_reader_layers.h"
#include "layer_replacement.h"

namespace eddl_prune::adapter {

namespace {

kernels::AxisShape shape_of(const Tensor& tensor) {
    const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(tensor.shape[axis]); };
    return {extent(0), extent(channel_axis), tensor.size / (extent(0) * extent(channel_axis))};
}

}  // namespace

UnevenSum::UnevenSum(Layer& sum) : MLayer(sum.name, sum.dev, sum.mem_level) {
    copy_place(sum, *this);
}

UnevenSum::UnevenSum(const UnevenSum& like, const vlayer& parents, const std::string& name, int device)
    : MLayer(name, device, like.mem_level), form_(like.form_) {
    input = parents.front()->output;
    std::vector<int> shape = like.output->shape;
    shape.front() = input->shape.front();
    output = new Tensor(shape, device);
    for (Layer* one : parents) {
        one->addchild(this);
        addparent(one);
    }
}

UnevenSum::~UnevenSum() {
    if (replaced_ != nullptr)
        retire(replaced_);
    else if (output == nullptr)
        parent.clear();  // never in a net: they do not know of this layer
}

void UnevenSum::replace(Net& net, Layer& sum) noexcept {
    take_place(net, sum, *this);
    replaced_ = &sum;
}

void UnevenSum::set_form(Form& form) noexcept { std::swap(form_, form); }

std::vector<float> UnevenSum::spread(const Tensor& constants) const {
    std::vector<float> values(static_cast<std::size_t>(output->shape[channel_axis]), 0.0f);
    for (std::size_t i = 0; i < form_.constants.size(); ++i) values[form_.constants[i]] = constants.ptr[i];
    return values;
}

void UnevenSum::forward() {
    const kernels::AxisShape shape = shape_of(*output);
    const std::vector<float> constants = params.empty() ? std::vector<float>(shape.extent, 0.0f) : spread(*params.front());
    std::vector<kernels::ChannelTerm> terms;
    for (std::size_t k = 0; k < parent.size(); ++k)
        terms.push_back({parent[k]->output->ptr, static_cast<std::size_t>(parent[k]->output->shape[channel_axis]),
                         form_.operands[k].factor, form_.operands[k].source.data()});
    kernels::sum_channels(terms.data(), terms.size(), constants.data(), shape, output->ptr);
}

void UnevenSum::backward() {
    const kernels::AxisShape shape = shape_of(*delta);
    for (std::size_t k = 0; k < parent.size(); ++k)
        kernels::add_to_sources(delta->ptr, shape, form_.operands[k].factor, form_.operands[k].source.data(),
                                static_cast<std::size_t>(parent[k]->delta->shape[channel_axis]), parent[k]->delta->ptr);
    if (gradients.empty() || !trainable) return;
    for (std::size_t i = 0; i < form_.constants.size(); ++i) {
        double sum = 0.0;
        for (std::size_t o = 0; o < shape.outer; ++o) {
            const float* const plane = delta->ptr + (o * shape.extent + form_.constants[i]) * shape.inner;
            sum = std::accumulate(plane, plane + shape.inner, sum);
        }
        gradients.front()->ptr[i] += static_cast<float>(sum);
    }
}

void UnevenSum::initialize() {
    for (Tensor* constants : params) constants->fill_(0.0f);
}

Layer* UnevenSum::clone(int, int, vlayer p, int todev) {
    auto* copy = new UnevenSum(*this, p, name, todev);
    for (std::size_t i = 0; i < params.size(); ++i) {
        copy->params.push_back(params[i]->clone());
        copy->gradients.push_back(Tensor::zeros(params[i]->shape, todev));
    }
    copy->orig = this;
    copy->trainable = trainable;
    return copy;
}

Layer* UnevenSum::share(int c, int, vlayer p) {
    auto* copy = new UnevenSum(*this, p, "share_" + std::to_string(c) + name, dev);
    copy->params = params;
    copy->gradients = gradients;
    copy->isshared = true;
    copy->orig = this;
    copy->sorig = this;
    copy->trainable = trainable;
    return copy;
}

std::string UnevenSum::plot(int) { return name + " [label=\"" + name + "\",style=filled,fontsize=12,fillcolor=lightblue3,shape=box]"; }

#if defined(EDDL_EMBEDDED_ENGINE)

namespace {

using Ints = eddl::OnnxNodes::Ints;

// An operand brought to the channels of the sum: gathered from its own and, for those that it lacks, one of zeros behind them.
std::string write_operand(eddl::OnnxNodes& nodes, std::size_t parent, const Tensor& values, const UnevenSum::Operand& operand) {
    std::string value = nodes.input(parent);
    const auto channels = static_cast<std::int64_t>(values.shape[channel_axis]);
    Ints indices, all(static_cast<std::size_t>(channels));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    for (const std::ptrdiff_t source : operand.source) indices.push_back(source < 0 ? channels : source);
    if (std::find(indices.begin(), indices.end(), channels) != indices.end()) {
        Ints pads(2 * values.shape.size(), 0);
        pads[values.shape.size() + channel_axis] = 1;
        value = nodes.node("padded", "Pad", {value, nodes.integers("pads", pads)});
    }
    if (indices != all) value = nodes.node("spread", "Gather", {value, nodes.integers("channels", indices)}, {{"axis", 1}});
    if (operand.factor != 1.0f) value = nodes.node("scaled", "Mul", {value, nodes.numbers("factor", {}, {operand.factor})});
    return value;
}

}  // namespace

void UnevenSum::write_onnx(eddl::OnnxNodes& nodes) const {
    std::vector<std::string> terms;
    for (std::size_t k = 0; k < parent.size(); ++k) {
        const std::vector<std::ptrdiff_t>& source = form_.operands[k].source;
        const bool adds = std::any_of(source.begin(), source.end(), [](std::ptrdiff_t s) { return s >= 0; });
        const bool last_chance = k + 1 == parent.size() && terms.empty();  // for a term with a batch
        if (adds || last_chance) terms.push_back(write_operand(nodes, k, *parent[k]->output, form_.operands[k]));
    }
    if (!params.empty()) {
        Ints dims(output->shape.size(), 1);
        dims[channel_axis] = output->shape[channel_axis];
        terms.push_back(nodes.numbers("constants", dims, spread(nodes.parameter(0))));
    }
    nodes.result(terms.size() > 1 ? "Sum" : "Identity", terms);
}

#endif

}  // namespace eddl_prune::adapter
