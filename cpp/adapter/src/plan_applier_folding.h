// The constants of removed channels, moved into what remains of their readers.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl/tensor/tensor.h"
#include "eddl_prune/graph/folding.h"

namespace eddl_prune::adapter {

// Where constants that no channel carries go: they are added to a bias, or taken off the mean of the batch norm behind.
struct ConstantsTarget {
    Tensor* tensor = nullptr;  // one value an output channel; nullptr for none
    double sign = 1.0;
};

// What one layer's weights and bias become before channels are taken out of them. The constructor alone reads values;
// `plan` is borrowed.
class ConstantFolding {
public:
    ConstantFolding(const graph::Connections& connections, const graph::NodePlan& plan, ConstantsTarget target);

    // Writes that into the layer's weights and the target, which still have all their channels.
    void apply(Tensor& weights) const noexcept;

private:
    // Calls visit(where the weights begin that join an input channel with an output, which of its group it is) for
    // these outputs, as far as they are of the input's group.
    template <class Visit>
    void for_each_output(std::size_t channel, const std::vector<std::size_t>& outputs, Visit visit) const;

    const graph::Connections connections_;
    const graph::NodePlan& plan_;
    const ConstantsTarget target_;
    const graph::Edits edits_;
    std::vector<float> offsets_;  // the target's, one an output; empty: as it was
};

}  // namespace eddl_prune::adapter
