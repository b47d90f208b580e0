#include "optimizers/state.h"

namespace eddl {

void allocate_state(const vlayer &layers, std::initializer_list<vtensor *> lists) {
    for (Layer *l : layers)
        for (int j = 0; j < l->get_trainable_params_count(); ++j)
            for (vtensor *list : lists) {
                const Tensor &gradient = *l->gradients[static_cast<std::size_t>(j)];
                // Lazily zero, since a net that only predicts never needs them.
                float *zeros = get_zeros(gradient.size, "optimizer state");
                list->push_back(new Tensor(gradient.shape, zeros, gradient.device));
                list->back()->isshared = false;
            }
}

void delete_state(std::initializer_list<vtensor *> lists) {
    for (vtensor *list : lists) {
        for (Tensor *t : *list) delete t;
        list->clear();
    }
}

}  // namespace eddl
