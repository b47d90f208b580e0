#pragma once

namespace eddl_prune::kernels {

// How many threads the kernels may use; EDDL's own limit, since both run on OpenMP.
int max_threads();

}  // namespace eddl_prune::kernels
