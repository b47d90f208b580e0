// Which constant channels stay to carry the others.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace eddl_prune::graph {

// One group of a weighted sum that reads constants other than 0, one of which must stay. Constants that it does not
// read may carry as well, if they stay for another one's sake.
struct CarrierDemand {
    struct Offer {
        std::size_t channel, unit;
        float size;  // |constant| > 0
        bool is_read;
    };

    std::size_t node, group;
    std::vector<Offer> offers;  // at least one that is read
};

// For each demand the channel that carries. Few units serve all, and cheap ones: those of cost 0 go first, since they
// stay anyway (`cost_of`: of a unit). A carrier is no less than a sixteenth of the largest constant that is read, and
// the largest of those that stay. Greedy and deterministic: of equals the unit with the larger constants, then the one
// with the lower number. A second choice among what the first one left would leave no less.
std::vector<std::size_t> choose_carriers(const std::vector<CarrierDemand>& demands,
                                         const std::function<std::size_t(std::size_t)>& cost_of);

}  // namespace eddl_prune::graph
