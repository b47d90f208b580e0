#include "optimizers/state.h"

namespace eddl {

void allocate_state(const vlayer &layers, std::initializer_list<vtensor *> lists) {
    for (Layer *l : layers)
        for (int j = 0; j < l->get_trainable_params_count(); ++j)
            for (vtensor *list : lists)
                list->push_back(Tensor::zeros_like(l->gradients[static_cast<std::size_t>(j)]));
}

void delete_state(std::initializer_list<vtensor *> lists) {
    for (vtensor *list : lists) {
        for (Tensor *t : *list) delete t;
        list->clear();
    }
}

}  // namespace eddl
