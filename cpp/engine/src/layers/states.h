// What recurrent layers check before they are made.
#pragma once

#include <vector>

#include "eddl/layers/layer.h"

namespace eddl {

// An input of [batch, features] and, where there is a second layer, at least `states` states of [batch, units] in it.
void check_recurrent(const char* function, const std::vector<Layer*>& in, int units, int states);

}  // namespace eddl
