// Sums whose operands no longer have the same channels.
#pragma once

#include <memory>
#include <vector>

#include "constant_sources.h"
#include "eddl_prune/adapter/optimizer_state.h"
#include "eddl_prune/graph/plan.h"
#include "uneven_sum.h"

namespace eddl_prune::adapter {

// A sum of EDDL's that becomes an UnevenSum, or a ChannelSum that changes. The constructor does all that can fail,
// commit() the rest.
class SumChange {
public:
    // `keep_in`: [input] the channels that stay of each operand.
    SumChange(OptimizerState& state, Layer& sum, const graph::Derived& derived, const graph::NodePlan& plan,
              const std::vector<const std::vector<std::size_t>*>& keep_in);
    ~SumChange();
    SumChange(const SumChange&) = delete;
    SumChange& operator=(const SumChange&) = delete;

    // Whether a layer must be a ChannelSum: one of EDDL's need not if the operands that are left stay alike, and all
    // that it loses is operands that it added up as they are.
    static bool is_needed(const graph::Node& node, const Layer& layer, const graph::NodePlan& plan,
                          const std::vector<const std::vector<std::size_t>*>& keep_in);

    // Before commit: the constants that the sum takes over go on training as the parameters that they come from, with
    // their moments, or not at all where those are all frozen. The others begin with moments of 0.
    void take_over_moments(const ConstantSources& sources, std::size_t node, const graph::NodePlan& plan);

    // The layer as it is now.
    const Layer& layer() const { return old_; }

    void commit(Net& net) noexcept;

private:
    struct Constants;  // the parameter, its gradient and its moments

    OptimizerState& state_;
    Layer& old_;
    std::unique_ptr<UnevenSum> fresh_;  // nullptr where the old layer is one already
    ChannelSum& sum_;
    ChannelSum::Form form_;
    std::unique_ptr<Constants> constants_;
};

}  // namespace eddl_prune::adapter
