#include "eddl_prune/kernels/threads.h"

#include <omp.h>

namespace eddl_prune::kernels {

int max_threads() { return omp_get_max_threads(); }

}  // namespace eddl_prune::kernels
