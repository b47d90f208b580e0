#include "eddl_prune/adapter/output_method.h"

#include "eddl_prune/adapter/output_derivatives.h"

namespace eddl_prune::adapter {

void OutputMethod::check_layers(const vlayer& l) const {
    ShrinkingOptimizer::check_layers(l);
    OutputDerivatives::check(name, l);
}

}  // namespace eddl_prune::adapter
