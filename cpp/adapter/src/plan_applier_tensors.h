// Tensors of fewer channels in the place of others: what plan_applier.cpp needs to know of EDDL's Tensor.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "eddl/tensor/tensor.h"

namespace eddl_prune::adapter {

// Every step of preparing a change that can fail passes here, so that tests can make it fail.
void checkpoint();

// Which entries of one axis stay. With groups the axis holds one group's entries, those of the group that the entry of the
// axis before belongs to; `keep` numbers the entries of all groups.
struct AxisKeep {
    std::size_t axis;
    const std::vector<std::size_t>* keep;
    std::size_t groups = 1, kept_groups = 1;
};

// A tensor's shape after removal.
std::vector<int> kept_shape(const Tensor& tensor, const std::vector<AxisKeep>& axes);

// The data of `tensor` with only the kept entries, at most two axes of which axis + 1 == next axis, in a new tensor or in
// `storage`, which must have that size.
std::unique_ptr<Tensor> gather(const Tensor& tensor, const std::vector<AxisKeep>& axes, std::unique_ptr<Tensor> storage);

// `tensor` takes shape and data of `fresh`, which gets the old data. Allocates nothing that grows with the tensor.
void adopt(Tensor& tensor, Tensor& fresh);

// Gives the tensor another shape of the same number of axes and at most the same size; its values are undefined then.
// Takes a smaller buffer if there is memory for one, otherwise keeps its own.
void reshape_undefined(Tensor& tensor, const std::vector<int>& shape);

// Gives the tensor another shape on memory that belongs to another tensor.
void reshape_alias(Tensor& tensor, const std::vector<int>& shape, float* data);

}  // namespace eddl_prune::adapter
