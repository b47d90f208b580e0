// Loops over large arrays on all threads; small ones stay on the caller's thread, where starting a team costs more.
#pragma once

#include <cstddef>

namespace eddl {

// Elements below which one thread is faster than waking the others.
constexpr std::ptrdiff_t PARALLEL_THRESHOLD = 16384;

// body(i) for i in [0, n). The body must not throw: nothing may leave a parallel region.
// `cost` is the rough number of elementary steps of one iteration.
template <typename Body>
void parallel_for(std::ptrdiff_t n, Body body, std::ptrdiff_t cost = 1) {
    // Not the directive's if clause: a team of one costs a microsecond, and the next larger one as much again.
    if (n == 1 || n * cost < PARALLEL_THRESHOLD) {
        for (std::ptrdiff_t i = 0; i < n; ++i) body(i);
        return;
    }
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < n; ++i) body(i);
}

}  // namespace eddl
