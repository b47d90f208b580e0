// The one exception of ours: a net that is valid for EDDL but that we cannot work on (a GPU net, layers shared with
// another net, …). Bad arguments are std::invalid_argument (ValueError) and std::out_of_range (IndexError) instead.
#pragma once

#include <stdexcept>

namespace eddl_prune::adapter {

class PruneError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace eddl_prune::adapter
