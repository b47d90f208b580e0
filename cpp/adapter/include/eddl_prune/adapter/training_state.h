// What training depends on beside parameters and moments: the learning rate, and the engine's random numbers.
#pragma once

#include <cstdint>
#include <optional>

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// Of the optimizer that takes the step, whatever wraps it; none for an unbuilt net or a class without a step.
std::optional<float> learning_rate(Net* net);

// Throws std::invalid_argument for a net without a learning rate, and for one that is negative or not finite.
void set_learning_rate(Net* net, double rate);

// Where the engine's stream of random numbers (dropout, noise, augmentation) is; none for EDDL, which has no access to
// it.
std::optional<std::uint64_t> random_state();

// Goes to that place of the stream; without effect on EDDL.
void set_random_state(std::uint64_t state);

}  // namespace eddl_prune::adapter
