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
    if (kind_.biases > kind_.gates) visit(apart[3 * gates]->ptr, together.state_bias.data() + width - units, units);
}

onednn::DenseShape GatedCell::input_shape(std::ptrdiff_t rows) const {
    return {static_cast<int>(rows), static_cast<int>(inputs_), static_cast<int>(width_), true};
}

onednn::DenseShape GatedCell::state_shape(std::ptrdiff_t rows) const {
    return {static_cast<int>(rows), static_cast<int>(units_), static_cast<int>(width_), kind_.biases > kind_.gates};
}

void GatedCell::begin(const Layer& layer) {
    collecting_ = false;  // for a pass that was not finished
    for_each_run(layer.params, weights_, [](const float* apart, float* together, std::ptrdiff_t count) {
        std::copy_n(apart, count, together);
    });
}

void GatedCell::project(const GatedStep& step) {
    input_product_.forward(input_shape(step.rows), step.x, weights_.input.data(), weights_.bias.data(),
                           sized(input_part_, step.rows * width_));
    state_product_.forward(state_shape(step.rows), step.h, weights_.state.data(), weights_.state_bias.data(),
                           sized(state_part_, step.rows * width_));
}

void GatedCell::pull_back(Layer& layer, const GatedStep& step, const float* d_input, const float* d_state, float* dx,
                          float* dh) {
    if (layer.trainable) {
        if (!collecting_) {
            for_each_run(layer.gradients, gradients_, [](const float*, float* together, std::ptrdiff_t count) {
                std::fill_n(together, count, 0.0f);
            });
            collecting_ = true;
        }
        input_product_.backward_weights(input_shape(step.rows), step.x, d_input, gradients_.input.data(),
                                        gradients_.bias.data());
        state_product_.backward_weights(state_shape(step.rows), step.h, d_state, gradients_.state.data(),
                                        gradients_.state_bias.data());
    }
    input_product_.backward_data(input_shape(step.rows), weights_.input.data(), d_input, dx);
    if (dh != nullptr) state_product_.backward_data(state_shape(step.rows), weights_.state.data(), d_state, dh);
    if (step.first && collecting_) {
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
