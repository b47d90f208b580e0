// The constants of removed channels, moved into what remains of their readers.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl/tensor/tensor.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// What one layer's weights and bias become before channels are taken out of them. The constructor alone reads the values
// of what `linear` describes; `plan` is borrowed. Sums are in double.
class ConstantFolding {
public:
    ConstantFolding(const graph::Linear& linear, const graph::NodePlan& plan);

    // Writes that into the layer's tensors, which still have all their channels (bias: nullptr for none).
    void apply(Tensor& weights, Tensor* bias) const noexcept;

private:
    void fold_into_carriers();
    void fold_into_bias(const float* bias);

    // Where the weights lie that join an input channel with the outputs that stay.
    template <class Visit>
    void for_each_weight(std::size_t channel, Visit visit) const;

    const graph::Connections connections_;
    const graph::NodePlan& plan_;
    std::vector<float> carrier_weights_;  // carrier by carrier, as for_each_weight goes
    std::vector<float> bias_;             // of the outputs that stay; empty: as it was
};

}  // namespace eddl_prune::adapter
