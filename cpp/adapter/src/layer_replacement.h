// A layer of ours in the place of one of EDDL's, which a script may still hold.
#pragma once

#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// `fresh` has all of `old`'s ties with its neighbours, but they do not know of it yet: it is made so that nothing can
// fail later. `parents`: how many `old` will have by then.
void copy_place(const Layer& old, Layer& fresh, std::size_t parents);

// Puts `fresh` where `old` is: in the lists of the net, its optimizer and its neighbours, and with its output tensor,
// which stays the same object, and its target. All deltas must have been freed. The net does not own `old` any more:
// retire() deletes it. Allocates nothing.
void take_place(Net& net, Layer& old, Layer& fresh) noexcept;

// Deletes a layer whose place has been taken. Its output and its neighbours are no longer its own.
void retire(Layer* old) noexcept;

}  // namespace eddl_prune::adapter
