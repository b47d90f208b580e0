// What SeReNe and OutputSensitivity have in common: they shrink by derivatives of the net's outputs.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl_prune/adapter/shrinking_optimizer.h"

namespace eddl_prune::adapter {

class OutputMethod : public ShrinkingOptimizer {
public:
    // Extra backward passes of the last step.
    std::size_t passes() const { return passes_; }

protected:
    using ShrinkingOptimizer::ShrinkingOptimizer;

    // Refuses nets whose outputs cannot be derived, too.
    void check_layers(const vlayer& l) const override;

    std::vector<float> scratch_;  // for BackwardScope
    std::size_t passes_ = 0;
};

}  // namespace eddl_prune::adapter
