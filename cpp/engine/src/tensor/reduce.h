// Sums for the other tensor sources.
#pragma once

#include <cstddef>

namespace eddl {

double sum_of(const float* values, std::ptrdiff_t n);

}  // namespace eddl
