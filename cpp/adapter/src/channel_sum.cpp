#include "channel_sum.h"

#if !defined(EDDL_EMBEDDED_ENGINE)

#include <numeric>
#include <utility>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/kernels/channels.h"
#include "graph_reader_layers.h"

namespace eddl_prune::adapter {

namespace {

kernels::AxisShape shape_of(const Tensor& tensor) {
    const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(tensor.shape[axis]); };
    return {extent(0), extent(channel_axis), tensor.size / (extent(0) * extent(channel_axis))};
}

}  // namespace

ChannelSum::ChannelSum(const ChannelSum& like, const vlayer& parents, const std::string& name, int device)
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

void ChannelSum::set_form(Form& form) noexcept { std::swap(form_, form); }

std::vector<float> ChannelSum::spread(const Tensor& constants) const {
    std::vector<float> values(static_cast<std::size_t>(output->shape[channel_axis]), 0.0f);
    for (std::size_t i = 0; i < form_.constants.size(); ++i) values[form_.constants[i]] = constants.ptr[i];
    return values;
}

void ChannelSum::forward() {
    const kernels::AxisShape shape = shape_of(*output);
    const std::vector<float> constants =
        params.empty() ? std::vector<float>(shape.extent, 0.0f) : spread(*params.front());
    std::vector<kernels::ChannelTerm> terms;
    for (std::size_t k = 0; k < parent.size(); ++k)
        terms.push_back({parent[k]->output->ptr, static_cast<std::size_t>(parent[k]->output->shape[channel_axis]),
                         form_.operands[k].factor, form_.operands[k].source.data()});
    kernels::sum_channels(terms.data(), terms.size(), constants.data(), shape, output->ptr);
}

void ChannelSum::backward() {
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

void ChannelSum::initialize() {
    for (Tensor* constants : params) constants->fill_(0.0f);
}

Layer* ChannelSum::clone(int, int, vlayer p, int todev) {
    auto* copy = new ChannelSum(*this, p, name, todev);
    for (std::size_t i = 0; i < params.size(); ++i) {
        copy->params.push_back(params[i]->clone());
        copy->gradients.push_back(Tensor::zeros(params[i]->shape, todev));
    }
    copy->orig = this;
    copy->trainable = trainable;
    return copy;
}

Layer* ChannelSum::share(int c, int, vlayer p) {
    auto* copy = new ChannelSum(*this, p, "share_" + std::to_string(c) + name, dev);
    copy->params = params;
    copy->gradients = gradients;
    copy->isshared = true;
    copy->orig = this;
    copy->sorig = this;
    copy->trainable = trainable;
    return copy;
}

std::string ChannelSum::plot(int) {
    return name + " [label=\"" + name + "\",style=filled,fontsize=12,fillcolor=lightblue3,shape=box]";
}

}  // namespace eddl_prune::adapter

#endif
