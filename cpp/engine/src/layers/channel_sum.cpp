#include "eddl/layers/channel_sum.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "layers/common.h"

using namespace eddl;

int LChannelSum::total_layers = 0;

namespace {

const char* const function = "ChannelSum";

// A tensor seen as [batch, channels, values].
struct Planes {
    float* data;
    std::ptrdiff_t batch, channels, values;

    explicit Planes(const Tensor& tensor)
        : data(tensor.ptr), batch(tensor.shape[0]), channels(tensor.shape[1]),
          values(static_cast<std::ptrdiff_t>(tensor.size) / std::max<std::ptrdiff_t>(batch * channels, 1)) {}

    float* plane(std::ptrdiff_t sample, std::ptrdiff_t channel) const {
        return data + (sample * channels + channel) * values;
    }

    // body(sample, channel), on all threads.
    template <typename Body>
    void for_each(Body body, std::ptrdiff_t operands) const {
        const std::ptrdiff_t number = channels;
        parallel_for(batch * number, [=](std::ptrdiff_t i) { body(i / number, i % number); }, values * operands);
    }
};

struct Term {
    Planes from;
    float factor;
    const std::ptrdiff_t* source;
};

void add_scaled(const float* from, float factor, std::ptrdiff_t n, float* to) {
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

// `source` the other way round: the channels of the sum that take a channel, list after list.
struct Takers {
    std::vector<std::size_t> first;  // [channel]: where its list begins; one more at the end
    std::vector<std::ptrdiff_t> channels;

    Takers(const std::vector<std::ptrdiff_t>& source, std::ptrdiff_t number)
        : first(static_cast<std::size_t>(number) + 2, 0) {
        for (const std::ptrdiff_t s : source)
            if (s >= 0) ++first[static_cast<std::size_t>(s) + 2];
        std::partial_sum(first.begin(), first.end(), first.begin());
        channels.resize(first.back());
        std::ptrdiff_t taker = 0;
        for (const std::ptrdiff_t s : source) {
            if (s >= 0) channels[first[static_cast<std::size_t>(s) + 1]++] = taker;
            ++taker;
        }
    }
};

std::vector<int> sum_shape(const vlayer& parents, const LChannelSum::Form& form) {
    if (parents.empty() || parents.size() != form.operands.size())
        invalid(function, "expected a parent an operand, received ", parents.size(), " for ", form.operands.size());
    std::vector<int> shape = checked_parent(function, parents[0]).output->shape;
    const std::size_t channels = form.operands[0].source.size();
    if (shape.size() < 2 || channels < 1)
        invalid(function, "expected channels, received ", channels, " of shape ", shape);
    for (std::size_t k = 0; k < parents.size(); ++k) {
        const std::vector<int>& own = checked_parent(function, parents[k]).output->shape;
        const std::vector<std::ptrdiff_t>& source = form.operands[k].source;
        shape[1] = own.size() > 1 ? own[1] : 0;
        if (own != shape || source.size() != channels)
            invalid(function, "expected shapes that differ in axis 0 only (batch not counted) and ", channels,
                    " sources each, received ", own, " ('", parents[k]->name, "') and ", source.size(), " sources");
        for (const std::ptrdiff_t s : source)
            if (s < -1 || s >= own[1])
                invalid(function, "expected sources between -1 and ", own[1] - 1, ", received ", s, " of '",
                        parents[k]->name, "'");
    }
    for (std::size_t i = 0; i < form.constants.size(); ++i)
        if (form.constants[i] >= channels || (i > 0 && form.constants[i] <= form.constants[i - 1]))
            invalid(function, "expected ascending channels below ", channels, " as constants, received ",
                    form.constants);
    shape[1] = static_cast<int>(channels);
    return shape;
}

}  // namespace

LChannelSum::LChannelSum(const std::string& name, int dev, int mem) : MLayer(name, dev, mem) {}

LChannelSum::LChannelSum(const vlayer& parents, Form form, const std::string& name, int dev, int mem)
    : LChannelSum(name, dev, mem) {
    const std::vector<int> shape = sum_shape(parents, form);
    form_ = std::move(form);
    name_layer(*this, name, "channel_sum", total_layers);
    input = parents[0]->output;
    output = new Tensor(shape, dev);
    if (!form_.constants.empty()) {
        const std::vector<int> constants{static_cast<int>(form_.constants.size())};
        params.push_back(Tensor::zeros(constants, dev));
        gradients.push_back(Tensor::zeros(constants, dev));
    }
    join_graph(*this, parents);
}

void LChannelSum::set_form(Form& form) noexcept { std::swap(form_, form); }

std::vector<float> LChannelSum::spread(const Tensor& constants) const {
    std::vector<float> values(static_cast<std::size_t>(output->shape[1]), 0.0f);
    for (std::size_t i = 0; i < form_.constants.size(); ++i) values[form_.constants[i]] = constants.ptr[i];
    return values;
}

void LChannelSum::initialize() {
    for (Tensor* constants : params) constants->fill_(0.0f);
}

void LChannelSum::forward() {
    expect_forward(*this);
    const Planes to(*output);
    const std::vector<float> constants =
        params.empty() ? std::vector<float>(static_cast<std::size_t>(to.channels), 0.0f) : spread(*params[0]);
    std::vector<Term> terms;
    for (std::size_t k = 0; k < parent.size(); ++k)
        terms.push_back({Planes(*parent[k]->output), form_.operands[k].factor, form_.operands[k].source.data()});
    to.for_each([&](std::ptrdiff_t sample, std::ptrdiff_t channel) {
        const auto next = [&](std::size_t k) {
            while (k < terms.size() && terms[k].source[channel] < 0) ++k;
            return k;
        };
        const auto plane_of = [&](std::size_t k) -> const float* {
            return terms[k].from.plane(sample, terms[k].source[channel]);
        };
        float* const plane = to.plane(sample, channel);
        const float constant = constants[static_cast<std::size_t>(channel)];
        // The first two are read in the pass that writes; most sums have no more.
        const std::size_t first = next(0), second = next(first + 1);
        if (first >= terms.size()) {
            std::fill_n(plane, to.values, constant);
            return;
        }
        const float factor = terms[first].factor;
        if (second >= terms.size()) {
            transform_range(plane, 0, to.values, [=](float a) { return constant + factor * a; }, plane_of(first));
            return;
        }
        const float other = terms[second].factor;
        transform_range(plane, 0, to.values, [=](float a, float b) { return constant + factor * a + other * b; },
                        plane_of(first), plane_of(second));
        for (std::size_t k = next(second + 1); k < terms.size(); k = next(k + 1))
            add_scaled(plane_of(k), terms[k].factor, to.values, plane);
    }, static_cast<std::ptrdiff_t>(terms.size()));
}

void LChannelSum::backward() {
    expect_backward(*this);
    const Planes from(*delta);
    for (std::size_t k = 0; k < parent.size(); ++k) {
        const Planes to(*parent[k]->delta);
        const Takers takers(form_.operands[k].source, to.channels);
        const float factor = form_.operands[k].factor;
        // By the parent's channels, so that no two threads write to the same place.
        to.for_each([&](std::ptrdiff_t sample, std::ptrdiff_t channel) {
            const auto c = static_cast<std::size_t>(channel);
            for (std::size_t i = takers.first[c]; i < takers.first[c + 1]; ++i)
                add_scaled(from.plane(sample, takers.channels[i]), factor, to.values, to.plane(sample, channel));
        }, 1);
    }
    if (gradients.empty() || !trainable) return;
    const std::size_t* const channels = form_.constants.data();
    float* const gradient = gradients[0]->ptr;
    parallel_for(static_cast<std::ptrdiff_t>(form_.constants.size()), [=](std::ptrdiff_t i) {
        double sum = 0.0;
        for (std::ptrdiff_t sample = 0; sample < from.batch; ++sample) {
            const float* const plane = from.plane(sample, static_cast<std::ptrdiff_t>(channels[i]));
            sum = std::accumulate(plane, plane + from.values, sum);
        }
        gradient[i] += static_cast<float>(sum);
    }, from.batch * from.values);
}

Layer* LChannelSum::clone(int, int, std::vector<Layer*> p, int todev) {
    auto* copy = make_clone(static_cast<LChannelSum&>(*this), todev, p, form_);
    for (std::size_t i = 0; i < params.size(); ++i) Tensor::copy(params[i], copy->params[i]);
    return copy;
}

Layer* LChannelSum::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

std::string LChannelSum::plot(int c) { return graph_node(name, c, "White", "lightblue3"); }
