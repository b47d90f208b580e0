// The walk over trainable parameters that all optimizers share, and the tensors that they keep beside each parameter.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "eddl/layers/layer.h"
#include "parallel.h"

namespace eddl {

// Appends to each list one zero tensor a trainable parameter, in layer order.
void allocate_state(const vlayer &layers, std::initializer_list<vtensor *> lists);
void delete_state(std::initializer_list<vtensor *> lists);

// One parameter of a step. `index` counts over all layers, frozen ones included, and so indexes the state lists.
// `accumulated` is null unless the net gathers its gradients over machines: there the same step is added to it.
struct Parameter {
    Tensor *value;
    Tensor *gradient;
    Tensor *accumulated;
    std::size_t index;
};

template <typename Step>
void for_each_trainable(const vlayer &layers, Step step) {
    std::size_t index = 0;
    for (Layer *l : layers) {
        const std::size_t count = static_cast<std::size_t>(l->get_trainable_params_count());
        for (std::size_t j = 0; l->trainable && j < count; ++j) {
            Tensor *accumulated = j < l->acc_gradients.size() ? l->acc_gradients[j] : nullptr;
            step(Parameter{l->params[j], l->gradients[j], accumulated, index + j});
        }
        index += count;
    }
}

// One pass over a parameter: value -= direction(i), on all threads and vector lanes. direction(i) may update state at
// i.
template <typename Direction>
void descend(const Parameter &p, Direction direction) {
    const std::ptrdiff_t n = static_cast<std::ptrdiff_t>(p.value->size);
    float *const value = p.value->ptr;
    float *const accumulated = p.accumulated != nullptr ? p.accumulated->ptr : nullptr;
#pragma omp parallel if (n >= PARALLEL_THRESHOLD)
    {
        // Copies that are the thread's own, so that the compiler can keep the pointers in registers.
        Direction step = direction;
        float *const w = value, *const sum = accumulated;
        if (sum == nullptr) {
#pragma omp for simd schedule(static)
            for (std::ptrdiff_t i = 0; i < n; ++i) w[i] -= step(i);
        } else {
#pragma omp for simd schedule(static)
            for (std::ptrdiff_t i = 0; i < n; ++i) {
                const float s = step(i);
                w[i] -= s;
                sum[i] -= s;
            }
        }
    }
}

}  // namespace eddl
