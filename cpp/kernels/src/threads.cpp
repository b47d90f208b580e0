#include "eddl_prune/kernels/threads.h"

#include <omp.h>

namespace eddl_prune::kernels {

int max_threads() { return omp_get_max_threads(); }

void run_in_parallel(std::size_t count, const std::function<void(std::size_t)>& task) noexcept {
#pragma omp parallel for schedule(dynamic)
    for (std::size_t i = 0; i < count; ++i) task(i);
}

}  // namespace eddl_prune::kernels
