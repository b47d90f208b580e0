// Memory for what lives no longer than a call.
#pragma once

#include <cstddef>

namespace eddl::onednn {

// Of the calling thread, aligned to cache lines, good until its next call. It is as large as the neediest call so far
// asked for, which all share: nothing is allocated in a steady state.
void* scratch_memory(std::size_t bytes);

}  // namespace eddl::onednn
