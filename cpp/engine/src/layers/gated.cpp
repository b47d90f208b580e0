// LSTM and GRU: what their gates do to the states, there and back.
#include <memory>

#include "eddl/layers/recurrent/layer_recurrent.h"
#include "layers/common.h"
#include "layers/gated_cell.h"
#include "layers/states.h"

using namespace eddl;

int LLSTM::total_layers = 0;
int LGRU::total_layers = 0;

namespace {

const GatedKind LSTM_KIND{"LSTM", "LSTM", 4, 4, 2, 4};
const GatedKind GRU_KIND{"GRU", "GRU", 3, 4, 1, 4};

void add_pair(Layer& layer, const std::vector<int>& shape) {
    layer.params.push_back(new Tensor(shape, layer.dev));
    layer.gradients.push_back(new Tensor(shape, layer.dev));
}

}  // namespace

GatedLayer::GatedLayer(const GatedKind& kind, const std::vector<Layer*>& in, int units, bool mask_zeros,
                       bool bidirectional, const std::string& name, int& counter, int dev, int mem)
    : StateLayer(name, dev, mem), units(units), mask_zeros(mask_zeros), bidirectional(bidirectional) {
    check_recurrent(kind.function, in, units, kind.states);
    name_layer(*this, name, kind.prefix, counter);
    isrecurrent = true;
    input = in[0]->output;
    const int inputs = input->shape[1];
    const std::vector<int> shape = {input->shape[0], units};
    cell_ = std::make_shared<GatedCell>(kind, inputs, units);
    states.push_back(output = new Tensor(shape, dev));
    while (static_cast<int>(states.size()) < kind.states) states.push_back(new Tensor(shape, dev));
    for (int i = 0; i < kind.gates; ++i) add_pair(*this, {inputs, units});
    for (int i = 0; i < kind.gates; ++i) add_pair(*this, {units, units});
    for (int i = 0; i < kind.biases; ++i) add_pair(*this, {units});
    join_graph(*this, in);
}

void GatedLayer::lead(const std::vector<GatedLayer*>& followers) {
    followers_ = followers;
    for (std::size_t i = 0; i < followers.size(); ++i) followers[i]->place_ = static_cast<int>(i) + 1;
}

GatedStep GatedLayer::step() const {
    const auto* before = parent.size() > 1 ? dynamic_cast<const GatedLayer*>(parent[1]) : nullptr;
    const Tensor* dx = parent[0]->delta;
    return {output->shape[0], input->ptr, previous_state(0), dx == nullptr ? nullptr : dx->ptr, nullptr, place_,
            before == nullptr || before->cell_ != cell_};
}

std::vector<GatedStep> GatedLayer::steps() const {
    std::vector<GatedStep> steps{step()};
    for (const GatedLayer* follower : followers_) steps.push_back(follower->step());
    return steps;
}

const unsigned char* GatedLayer::masked_rows() const {
    return mask_zeros ? cell_->all_zero_rows(input->ptr, output->shape[0]) : nullptr;
}

const float* GatedLayer::previous_state(std::size_t i) const {
    return parent.size() > 1 ? parent[1]->states[i]->ptr : cell_->zeros(output->shape[0]);
}

float* GatedLayer::previous_delta(std::size_t i) {
    return parent.size() > 1 ? parent[1]->delta_states[i]->ptr : cell_->sink(output->shape[0]);
}

void GatedLayer::forward() {
    expect_forward(*this);
    GatedStep now = step();
    if (now.first) cell_->begin(*this);
    if (now.place == 0) cell_->take_inputs(steps());
    now.masked = masked_rows();
    kept_ = mode == TRMODE;
    float* values = cell_->values(now.rows);
    if (kept_) {
        values_.resize(cell_->values_size(now.rows));
        values = values_.data();
    }
    open_gates(now, values);
    advance(now, values);
}

void GatedLayer::backward() {
    expect_backward(*this);
    GatedStep now = step();
    now.masked = masked_rows();
    cell_->begin_backward(now);
    float* values = values_.data();
    if (!kept_) {
        cell_->take_inputs({now});
        open_gates(now, values = cell_->values(now.rows));
    }
    pull_back(now, values);
    cell_->pull_back_state(now, parent.size() > 1 ? previous_delta(0) : nullptr);
    if (now.place == 0) cell_->pull_back_inputs(*this, steps());
}

LLSTM::LLSTM(std::vector<Layer*> in, int units, bool mask_zeros, bool bidirectional, std::string name, int dev, int mem)
    : GatedLayer(LSTM_KIND, in, units, mask_zeros, bidirectional, name, total_layers, dev, mem) {}

void LLSTM::open_gates(const GatedStep& step, float* values) {
    cell_->project(step);
    const std::ptrdiff_t n = step.rows * units, u = units;
    const float *from_input = cell_->input_part(step), *from_state = cell_->state_part();
    for (int gate = 0; gate < 4; ++gate) {
        float* sums = values + gate * n;
        const float *x = from_input + gate * u, *h = from_state + gate * u;
        cell_->for_each(step, [=](std::ptrdiff_t i, std::ptrdiff_t k) { sums[i] = x[k] + h[k]; },
                        [=](std::ptrdiff_t i, std::ptrdiff_t) { sums[i] = 0.0f; });
    }
    cell_->sigmoid(values, 3 * n);
    cell_->tanh(values + 3 * n, values + 3 * n, n);
}

void LLSTM::advance(const GatedStep& step, const float* values) {
    const std::ptrdiff_t n = step.rows * units;
    const float *in = values, *forget = in + n, *out = forget + n, *candidate = out + n;
    const float *h0 = step.h, *c0 = previous_state(1);
    float *h = states[0]->ptr, *c = states[1]->ptr, *squashed = cell_->spare(step.rows);
    cell_->for_each(step, [=](std::ptrdiff_t i, std::ptrdiff_t) { c[i] = in[i] * candidate[i] + forget[i] * c0[i]; },
                    [=](std::ptrdiff_t i, std::ptrdiff_t) { c[i] = c0[i]; });
    cell_->tanh(c, squashed, n);
    cell_->for_each(step, [=](std::ptrdiff_t i, std::ptrdiff_t) { h[i] = out[i] * squashed[i]; },
                    [=](std::ptrdiff_t i, std::ptrdiff_t) { h[i] = h0[i]; });
}

void LLSTM::pull_back(const GatedStep& step, const float* values) {
    const std::ptrdiff_t n = step.rows * units, u = units;
    const float *in = values, *forget = in + n, *out = forget + n, *candidate = out + n;
    const float *c0 = previous_state(1), *dh = delta_states[0]->ptr, *dc = delta_states[1]->ptr;
    float *dh0 = previous_delta(0), *dc0 = previous_delta(1);
    float *squashed = cell_->spare(step.rows), *sums = cell_->d_input_part(step);
    cell_->tanh(states[1]->ptr, squashed, n);
    cell_->for_each(
        step,
        [=](std::ptrdiff_t i, std::ptrdiff_t k) {
            const float d = dc[i] + dh[i] * out[i] * (1.0f - squashed[i] * squashed[i]);
            sums[k] = d * candidate[i] * in[i] * (1.0f - in[i]);
            sums[k + u] = d * c0[i] * forget[i] * (1.0f - forget[i]);
            sums[k + 2 * u] = dh[i] * squashed[i] * out[i] * (1.0f - out[i]);
            sums[k + 3 * u] = d * in[i] * (1.0f - candidate[i] * candidate[i]);
            dc0[i] += d * forget[i];
        },
        [=](std::ptrdiff_t i, std::ptrdiff_t k) {
            for (int gate = 0; gate < 4; ++gate) sums[k + gate * u] = 0.0f;
            dh0[i] += dh[i];
            dc0[i] += dc[i];
        });
}

LGRU::LGRU(std::vector<Layer*> in, int units, bool mask_zeros, bool bidirectional, std::string name, int dev, int mem)
    : GatedLayer(GRU_KIND, in, units, mask_zeros, bidirectional, name, total_layers, dev, mem) {}

void LGRU::open_gates(const GatedStep& step, float* values) {
    cell_->project(step);
    const std::ptrdiff_t n = step.rows * units, u = units;
    const float *from_input = cell_->input_part(step), *from_state = cell_->state_part();
    float *update = values, *reset = update + n, *candidate = reset + n, *memory = candidate + n;
    cell_->for_each(
        step,
        [=](std::ptrdiff_t i, std::ptrdiff_t k) {
            update[i] = from_input[k] + from_state[k];
            reset[i] = from_input[k + u] + from_state[k + u];
            memory[i] = from_state[k + 2 * u];
        },
        [=](std::ptrdiff_t i, std::ptrdiff_t) { update[i] = reset[i] = memory[i] = 0.0f; });
    cell_->sigmoid(values, 2 * n);
    cell_->for_each(
        step, [=](std::ptrdiff_t i, std::ptrdiff_t k) { candidate[i] = from_input[k + 2 * u] + reset[i] * memory[i]; },
        [=](std::ptrdiff_t i, std::ptrdiff_t) { candidate[i] = 0.0f; });
    cell_->tanh(candidate, candidate, n);
}

void LGRU::advance(const GatedStep& step, const float* values) {
    const std::ptrdiff_t n = step.rows * units;
    const float *update = values, *candidate = update + 2 * n, *h0 = step.h;
    float* h = states[0]->ptr;
    cell_->for_each(
        step,
        [=](std::ptrdiff_t i, std::ptrdiff_t) { h[i] = candidate[i] + update[i] * (h0[i] - candidate[i]); },
        [=](std::ptrdiff_t i, std::ptrdiff_t) { h[i] = h0[i]; });
}

void LGRU::pull_back(const GatedStep& step, const float* values) {
    const std::ptrdiff_t n = step.rows * units, u = units;
    const float *update = values, *reset = update + n, *candidate = reset + n, *memory = candidate + n;
    const float *h0 = step.h, *dh = delta_states[0]->ptr;
    float *dh0 = previous_delta(0), *by_input = cell_->d_input_part(step), *by_state = cell_->d_state_part(step);
    cell_->for_each(
        step,
        [=](std::ptrdiff_t i, std::ptrdiff_t k) {
            const float d = dh[i] * (1.0f - update[i]) * (1.0f - candidate[i] * candidate[i]);
            by_input[k] = by_state[k] = dh[i] * (h0[i] - candidate[i]) * update[i] * (1.0f - update[i]);
            by_input[k + u] = by_state[k + u] = d * memory[i] * reset[i] * (1.0f - reset[i]);
            by_input[k + 2 * u] = d;
            by_state[k + 2 * u] = d * reset[i];
            dh0[i] += dh[i] * update[i];
        },
        [=](std::ptrdiff_t i, std::ptrdiff_t k) {
            for (int gate = 0; gate < 3; ++gate) by_input[k + gate * u] = by_state[k + gate * u] = 0.0f;
            dh0[i] += dh[i];
        });
}

#define EDDL_DEFINE_GATED(Name)                                                         \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) {                          \
        auto* copy = make_shared_copy(*this, c, bs, p);                                 \
        copy->cell_ = cell_;                                                            \
        return copy;                                                                    \
    }                                                                                   \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                    \
        return make_clone(*this, todev, p, units, mask_zeros, bidirectional);           \
    }                                                                                   \
    std::string Name::plot(int c) { return graph_node(name, c, "bisque4", "White"); }
EDDL_DEFINE_GATED(LLSTM)
EDDL_DEFINE_GATED(LGRU)
#undef EDDL_DEFINE_GATED
