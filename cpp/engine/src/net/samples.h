// Checks of the data that a net is given, before anything is touched.
#pragma once

#include "eddl/net/net.h"

namespace eddl {

// Tensors that fit the layers but for the number of samples, which is returned. `what` is "input" or "target".
int check_samples(const char *function, const char *what, const vtensor &given, const vlayer &layers);

// Inputs and targets of one number of samples, which is returned.
int check_data(const char *function, const Net &net, const vtensor &X, const vtensor &Y);

void check_indices(const char *function, const vind &samples, int count);

}  // namespace eddl
