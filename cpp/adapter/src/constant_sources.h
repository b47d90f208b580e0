// Which trained parameter a constant channel is, so that it can be trained on as that.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/graph/constants.h"
#include "eddl_prune/graph/plan.h"

namespace eddl_prune::adapter {

// A bias, a batch norm's shift or an uneven sum's constant: layer->params[param]->ptr[index] times `sign`.
struct ConstantSource {
    const Layer* layer = nullptr;
    std::size_t param = 0, index = 0;
    double sign = 1.0;
};

class ConstantSources {
public:
    // Both are borrowed.
    ConstantSources(const NetView& view, const graph::Graph& graph);

    // Of what a sum adds to a channel where `plan` takes operands from it. None where that is not the constant of a
    // single one, with either sign, or where the sum has had a constant there before: nothing trains like a sum of
    // parameters.
    std::optional<ConstantSource> of_sum(std::size_t node, const graph::NodePlan& plan, std::size_t channel) const;

private:
    std::optional<ConstantSource> of(std::size_t node, std::size_t channel) const;
    std::optional<ConstantSource> of_linear(std::size_t node, const graph::Linear& linear, std::size_t channel) const;
    std::optional<ConstantSource> of_derived(std::size_t node, const graph::Derived& derived,
                                             std::size_t channel) const;
    bool has_own(std::size_t node, std::size_t channel) const;

    const NetView& view_;
    const graph::Graph& graph_;
    const std::vector<graph::Constants> constants_;
};

}  // namespace eddl_prune::adapter
