// The arithmetic that LSTM and GRU share. The weights of all gates lie side by side, so that a time step is two matrix
// products each way. The first step of a pass over time lays them so, and takes their gradients apart again. Where the
// inputs of all steps are there before the first one runs, what only they need is done at once: their product with the
// weights, and in backward its gradients and all sums over time.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl/layers/layer.h"
#include "onednn/dense.h"
#include "onednn/elementwise.h"
#include "onednn/packed_product.h"
#include "parallel.h"

namespace eddl {

struct GatedKind {
    const char* function;
    const char* prefix;  // of default names
    int gates;
    int biases;          // more than gates: the last one belongs to the last gate's state part
    int states;
    int values;          // arrays [batch, units] that backward needs of a step
};

// One time step: x is [rows, inputs], h, the state that it goes on from, [rows, units].
struct GatedStep {
    std::ptrdiff_t rows;
    const float *x, *h;
    float* dx;                    // to be added to, in backward
    const unsigned char* masked;  // null, or for each row whether it keeps its states
    std::ptrdiff_t place;         // among the steps whose inputs are taken at once
    bool first;                   // of the pass: what it goes on from, if anything, is no step of the same cell
};

class GatedCell {
public:
    GatedCell(const GatedKind& kind, int inputs, int units);

    // Lays out the layer's weights. Called by the first step of a pass.
    void begin(const Layer& layer);
    // input_part(step) = x · Wx + biases of these steps, which follow one another.
    void take_inputs(const std::vector<GatedStep>& steps);
    // state_part() = h · Wh + state bias
    void project(const GatedStep& step);
    // Makes room for d_input_part and d_state_part. The last step, whose backward comes first, asks for the most.
    void begin_backward(const GatedStep& step);
    // Adds what comes through d_state_part(step) to dh, unless that is null.
    void pull_back_state(const GatedStep& step, float* dh);
    // Sums up d_input_part and d_state_part of these steps: adds to the dx of each, and to the layer's gradients if it
    // is trainable.
    void pull_back_inputs(Layer& layer, const std::vector<GatedStep>& steps);

    std::size_t values_size(std::ptrdiff_t rows) const {
        return static_cast<std::size_t>(kind_.values * rows * units_);
    }

    // [rows, gates · units] of a step: what comes from its input, and in backward the gradients by that.
    float* input_part(const GatedStep& step) { return part(input_parts_, step); }
    float* d_input_part(const GatedStep& step) { return part(input_parts_, step); }
    // The same of the state, where that differs.
    float* d_state_part(const GatedStep& step) { return part(inner_bias() ? state_parts_ : input_parts_, step); }

    // Arrays that last until the next step.
    float* state_part() { return state_part_.data(); }
    float* values(std::ptrdiff_t rows) { return sized(values_, static_cast<std::ptrdiff_t>(values_size(rows))); }
    float* spare(std::ptrdiff_t rows) { return sized(spare_, rows * units_); }
    float* sink(std::ptrdiff_t rows) { return sized(sink_, rows * units_); }  // nobody reads it
    const float* zeros(std::ptrdiff_t rows) { return sized(zeros_, rows * units_); }
    const unsigned char* all_zero_rows(const float* x, std::ptrdiff_t rows);

    void sigmoid(float* values, std::ptrdiff_t size);
    void tanh(const float* src, float* dst, std::ptrdiff_t size);

    // For each row: f(i, k) for its elements, i counting in [rows, units] and k in the first gate of
    // [rows, gates · units]; or keep(i, k) if the row is masked.
    template <typename F, typename Keep>
    void for_each(const GatedStep& step, F f, Keep keep) const {
        const std::ptrdiff_t units = units_, width = width_;
        const unsigned char* masked = step.masked;
        parallel_for(step.rows, [=](std::ptrdiff_t row) {
            const std::ptrdiff_t i = row * units, k = row * width;
            if (masked != nullptr && masked[row]) {
                for (std::ptrdiff_t j = 0; j < units; ++j) keep(i + j, k + j);
            } else {
#pragma omp simd
                for (std::ptrdiff_t j = 0; j < units; ++j) f(i + j, k + j);
            }
        }, width);
    }

private:
    // [inputs, width], [units, width], [width], [width], width being gates · units.
    struct SideBySide {
        std::vector<float> input, state, bias, state_bias;
    };

    static float* sized(std::vector<float>& array, std::ptrdiff_t size);
    template <typename Visit>
    void for_each_run(const std::vector<Tensor*>& apart, SideBySide& together, Visit visit) const;
    bool inner_bias() const { return kind_.biases > kind_.gates; }
    float* part(std::vector<float>& parts, const GatedStep& step) const {
        return parts.data() + step.place * step.rows * width_;
    }
    onednn::DenseShape input_shape(std::ptrdiff_t rows) const;
    onednn::DenseShape state_shape(std::ptrdiff_t rows) const;

    GatedKind kind_;
    std::ptrdiff_t inputs_, units_, width_;
    SideBySide weights_, gradients_;
    bool collecting_ = false;  // whether gradients_ holds those of later steps
    std::vector<float> input_parts_, state_parts_;  // of all steps whose inputs are taken at once
    std::vector<float> xs_, hs_, dxs_;              // theirs, one after another
    std::vector<float> state_part_, values_, spare_, sink_, zeros_;
    std::vector<unsigned char> zero_rows_;
    onednn::Dense input_product_, state_sums_;
    onednn::PackedProduct state_product_, state_pull_;
    onednn::Elementwise sigmoid_, tanh_;
};

}  // namespace eddl
