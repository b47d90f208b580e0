// The constants of removed channels, moved into what remains of their readers.
#pragma once

#include "eddl/tensor/tensor.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// `linear` describes the layer with its old weights; `kept_weights` and `kept_bias` hold its new ones, gathered by
// `keep_in` and `plan.keep` (nullptr: no bias). Sums are in double.
void fold_constants(const graph::Linear& linear, const graph::NodePlan& plan, const std::vector<std::size_t>& keep_in,
                    Tensor& kept_weights, Tensor* kept_bias);

}  // namespace eddl_prune::adapter
