// The constants of removed channels, moved into what remains of their readers.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl/tensor/tensor.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// Where constants that no channel carries go: they are added to a bias, or taken off the mean of the batch norm behind.
struct ConstantsTarget {
    Tensor* tensor = nullptr;  // one value an output channel; nullptr for none
    double sign = 1.0;
};

// What one layer's weights and bias become before channels are taken out of them. The constructor alone reads values;
// `plan` is borrowed. Sums are in double.
class ConstantFolding {
public:
    ConstantFolding(const graph::Connections& connections, const graph::NodePlan& plan, ConstantsTarget target);

    // Writes that into the layer's weights and the target, which still have all their channels.
    void apply(Tensor& weights) const noexcept;

private:
    void fold_into_carriers();
    void fold_into_target();

    // Where the weights lie that join an input channel with these outputs.
    template <class Visit>
    void for_each_weight(std::size_t channel, const std::vector<std::size_t>& outputs, Visit visit) const;

    const graph::Connections connections_;
    const graph::NodePlan& plan_;
    const ConstantsTarget target_;
    std::vector<float> carrier_weights_;  // carrier by carrier, as for_each_weight goes
    std::vector<float> offsets_;          // the target's, of the outputs that stay; empty: as it was
};

}  // namespace eddl_prune::adapter
