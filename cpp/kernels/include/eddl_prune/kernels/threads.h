#pragma once

#include <cstddef>
#include <functional>

namespace eddl_prune::kernels {

// How many threads the kernels may use; EDDL's own limit, since both run on OpenMP.
int max_threads();

// Runs task(0) … task(count - 1), which must not throw, on as many threads, begun in this order.
void run_in_parallel(std::size_t count, const std::function<void(std::size_t)>& task) noexcept;

}  // namespace eddl_prune::kernels
