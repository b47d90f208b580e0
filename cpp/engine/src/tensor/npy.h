// NumPy's .npy files.
#pragma once

#include <istream>
#include <ostream>

#include "eddl/tensor/tensor.h"

namespace eddl {

// Little-endian floats and integers in C order; others are refused with std::runtime_error.
Tensor* read_npy(std::istream& file);
// Version 1.0, "<f4".
void write_npy(std::ostream& file, const Tensor* t);

}  // namespace eddl
