#include "layers/gated_cell.h"

#include <algorithm>

namespace eddl {

GatedCell::GatedCell(const GatedKind& kind, int inputs, int units)
    : kind_(kind), inputs_(inputs), units_(units), width_(static_cast<std::ptrdiff_t>(kind.gates) * units) {}

float* GatedCell::sized(std::vector<float>& array, std::ptrdiff_t size) {
    if (static_cast<std::ptrdiff_t>(array.size()) < size) array.resize(static_cast<std::size_t>(size));
    return array.data();
}

// Calls visit(apart, together, count) for every run of values that are neighbours in both layouts.
template <typename Visit>
void GatedCell::for_each_run(const std::vector<Tensor*>& apart, SideBySide& together, Visit visit) const {
    const auto gates = static_cast<std::size_t>(kind_.gates);
    const std::ptrdiff_t units = units_, width = width_;
    const auto tensors = [&](std::size_t first, std::vector<float>& array, std::ptrdiff_t rows) {
        sized(array, rows * width);
        for (std::size_t g = 0; g < gates; ++g) {
            float* tensor = apart[first + g]->ptr;
            float* columns = array.data() + static_cast<std::ptrdiff_t>(g) * units;
            parallel_for(rows, [=](std::ptrdiff_t row) { visit(tensor + row * units, columns + row * width, units); },
                         units);
        }
    };
    tensors(0, together.input, inputs_);
    tensors(gates, together.state, units_);
    tensors(2 * gates, together.bias, 1);
    sized(together.state_bias, width);
    if (inner_bias()) visit(apart[3 * gates]->ptr, together.state_bias.data() + width - units, units);
}

onednn::DenseShape GatedCell::input_shape(std::ptrdiff_t rows) const {
    return {static_cast<int>(rows), static_cast<int>(inputs_), static_cast<int>(width_), true};
}

onednn::DenseShape GatedCell::state_shape(std::ptrdiff_t rows) const {
    return {static_cast<int>(rows), static_cast<int>(units_), static_cast<int>(width_), inner_bias()};
}

void GatedCell::begin(const Layer& layer) {
    collecting_ = false;  // for a pass that was not finished
    // Whoever changes the layer's parameters may change their shapes.
    inputs_ = layer.params[0]->shape[0];
    units_ = layer.params[0]->shape[1];
    width_ = kind_.gates * units_;
    for_each_run(layer.params, weights_, [](const float* apart, float* together, std::ptrdiff_t count) {
        std::copy_n(apart, count, together);
    });
    state_product_.renew();
    state_pull_.renew();
}

namespace {

// source(step), `size` values, of all steps one after another; those of a single step stay where they are.
template <typename Source>
const float* gathered(const std::vector<GatedStep>& steps, std::ptrdiff_t size, std::vector<float>& into,
                      Source source) {
    if (steps.size() == 1) return source(steps[0]);
    into.resize(steps.size() * static_cast<std::size_t>(size));
    float* to = into.data();
    parallel_for(static_cast<std::ptrdiff_t>(steps.size()), [&](std::ptrdiff_t i) {
        std::copy_n(source(steps[static_cast<std::size_t>(i)]), size, to + i * size);
    }, size);
    return to;
}

const float* x_of(const GatedStep& step) { return step.x; }
const float* h_of(const GatedStep& step) { return step.h; }

}  // namespace

void GatedCell::take_inputs(const std::vector<GatedStep>& steps) {
    const GatedStep& first = steps.front();
    const std::ptrdiff_t all = first.rows * static_cast<std::ptrdiff_t>(steps.size());
    sized(input_parts_, (first.place * first.rows + all) * width_);
    const float* xs = gathered(steps, first.rows * inputs_, xs_, x_of);
    input_product_.forward(input_shape(all), xs, weights_.input.data(), weights_.bias.data(), input_part(first));
}

void GatedCell::project(const GatedStep& step) {
    onednn::PackedShape shape{step.rows, units_, width_};
    shape.bias = inner_bias();
    state_product_.run(shape, weights_.state.data(), step.h, weights_.state_bias.data(),
                       sized(state_part_, step.rows * width_));
}

void GatedCell::begin_backward(const GatedStep& step) {
    const std::ptrdiff_t size = (step.place + 1) * step.rows * width_;
    sized(input_parts_, size);
    if (inner_bias()) sized(state_parts_, size);
}

void GatedCell::pull_back_state(const GatedStep& step, float* dh) {
    if (dh == nullptr) return;
    onednn::PackedShape shape{step.rows, width_, units_};
    shape.transposed = shape.add = true;
    state_pull_.run(shape, weights_.state.data(), d_state_part(step), nullptr, dh);
}

void GatedCell::pull_back_inputs(Layer& layer, const std::vector<GatedStep>& steps) {
    const GatedStep& first = steps.front();
    const std::ptrdiff_t all = first.rows * static_cast<std::ptrdiff_t>(steps.size());
    const float* d = d_input_part(first);
    if (layer.trainable) {
        if (!collecting_) {
            for_each_run(layer.gradients, gradients_, [](const float*, float* together, std::ptrdiff_t count) {
                std::fill_n(together, count, 0.0f);
            });
            collecting_ = true;
        }
        const float* xs = gathered(steps, first.rows * inputs_, xs_, x_of);
        input_product_.backward_weights(input_shape(all), xs, d, gradients_.input.data(), gradients_.bias.data());
        const float* hs = gathered(steps, first.rows * units_, hs_, h_of);
        state_sums_.backward_weights(state_shape(all), hs, d_state_part(first), gradients_.state.data(),
                                     gradients_.state_bias.data());
    }
    const float* weights = weights_.input.data();
    if (steps.size() == 1) {
        input_product_.backward_data(input_shape(all), weights, d, first.dx);
    } else {
        dxs_.assign(static_cast<std::size_t>(all * inputs_), 0.0f);
        input_product_.backward_data(input_shape(all), weights, d, dxs_.data());
        const float* dx = dxs_.data();
        for (const GatedStep& step : steps) {  // one after another: they may share an input
            for (std::ptrdiff_t i = 0; i < step.rows * inputs_; ++i) step.dx[i] += dx[i];
            dx += step.rows * inputs_;
        }
    }
    if (first.first && collecting_) {
        collecting_ = false;
        for_each_run(layer.gradients, gradients_, [](float* apart, const float* together, std::ptrdiff_t count) {
            for (std::ptrdiff_t i = 0; i < count; ++i) apart[i] += together[i];
        });
    }
}

const unsigned char* GatedCell::all_zero_rows(const float* x, std::ptrdiff_t rows) {
    zero_rows_.resize(static_cast<std::size_t>(rows));
    const std::ptrdiff_t inputs = inputs_;
    unsigned char* flags = zero_rows_.data();
    parallel_for(rows, [=](std::ptrdiff_t row) {
        const float* values = x + row * inputs;
        flags[row] = std::all_of(values, values + inputs, [](float v) { return v == 0.0f; });
    }, inputs);
    return flags;
}

void GatedCell::sigmoid(float* values, std::ptrdiff_t size) {
    sigmoid_.forward(onednn::Function::sigmoid, 0.0f, static_cast<std::size_t>(size), values, values);
}

void GatedCell::tanh(const float* src, float* dst, std::ptrdiff_t size) {
    tanh_.forward(onednn::Function::tanh, 0.0f, static_cast<std::size_t>(size), src, dst);
}

}  // namespace eddl
