// Tensors that lose entries and keep their place in memory: what plan_applier.cpp needs to know of EDDL's Tensor.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl/layers/layer.h"
#include "eddl/tensor/tensor.h"

namespace eddl_prune::adapter {

// Every step of preparing a change that can fail passes here, so that tests can make it fail.
void checkpoint();

// Takes the pages that lie wholly within this memory from the process: what they hold is lost, and they come back,
// zeroed, when they are touched. An allocator would keep most of what it is given back for itself.
void release_pages(float* begin, float* end) noexcept;

// Which entries of a tensor's first axis stay and, if given, which of its second one; both ascend. With groups the
// second axis holds one group's entries, those of the group that the entry of the first belongs to; `second` numbers
// the entries of all groups. Borrows the lists.
struct KeptEntries {
    const std::vector<std::size_t>* first;
    const std::vector<std::size_t>* second = nullptr;
    std::size_t groups = 1, kept_groups = 1;
};

// The shape of what stays of a tensor.
std::vector<int> kept_shape(const Tensor& tensor, const KeptEntries& kept);

// Moves what stays to the front of the tensor's memory, in order; its shape stays as it is. Allocates nothing.
void compact(Tensor& tensor, const KeptEntries& kept) noexcept;

// Gives the tensor another shape, of the same number of axes and at most the same size, and the rest of its memory back
// to the system. Its first values stay. Needs no memory; the data seldom moves.
void shrink(Tensor& tensor, const std::vector<int>& shape) noexcept;

// The tensor takes shape and data of `fresh`, which gets the old data.
void exchange(Tensor& tensor, Tensor& fresh) noexcept;

// Gives the tensor another shape on memory that belongs to another tensor.
void reshape_alias(Tensor& tensor, const std::vector<int>& shape, float* data);

// Frees the deltas of all layers of a net, in its order. They come back, zeroed, at the next backward pass.
void free_deltas(const std::vector<Layer*>& layers) noexcept;

}  // namespace eddl_prune::adapter
