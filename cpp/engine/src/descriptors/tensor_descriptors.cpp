#include "eddl/descriptors/tensor_descriptors.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>

#include "errors.h"

namespace {

// Calls visit(output element, indices of it) for all elements of a shape, in order.
template <typename Visit>
void for_each_index(const vector<int>& shape, Visit visit) {
    const int n = shape2size(shape);
    vector<int> index(shape.size(), 0);
    for (int i = 0; i < n; ++i) {
        visit(i, index);
        for (std::size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];) index[d] = 0;
    }
}

// The address in `ishape` of every element of `oshape`, where source(d, j) is the index on input axis source_axis(d)
// that output index j on axis d comes from.
template <typename SourceAxis, typename Source>
vector<int> addresses(const vector<int>& ishape, const vector<int>& oshape, SourceAxis source_axis, Source source) {
    // First of all: a size beyond all numbers is refused here, and of no elements one axis may still be long.
    vector<int> result(static_cast<std::size_t>(shape2size(oshape)));
    if (result.empty()) return result;
    const vector<int> istride = shape2stride(ishape);
    // The part of the address that each index on each axis adds.
    vector<vector<int>> part(oshape.size());
    for (std::size_t d = 0; d < oshape.size(); ++d) {
        for (int j = 0; j < oshape[d]; ++j) part[d].push_back(source(d, j) * istride[source_axis(d)]);
    }
    for_each_index(oshape, [&](int i, const vector<int>& index) {
        int address = 0;
        for (std::size_t d = 0; d < index.size(); ++d) address += part[d][static_cast<std::size_t>(index[d])];
        result[static_cast<std::size_t>(i)] = address;
    });
    return result;
}

std::size_t same_axis(std::size_t d) { return d; }

void require_one_per_axis(const char* function, const vector<int>& values, const vector<int>& shape) {
    if (values.size() != shape.size()) eddl::invalid(function, values, " for a tensor of shape ", shape);
}

}  // namespace

TensorDescriptor::TensorDescriptor(int dev) : device(dev) {}
TensorDescriptor::~TensorDescriptor() = default;
void TensorDescriptor::resize(int) {}

void TensorDescriptor::free_memory() {
    cpu_addresses.clear();
    cpu_addresses.shrink_to_fit();
}

// --- select ---

SelDescriptor::SelDescriptor(int dev) : TensorDescriptor(dev) {}
SelDescriptor::SelDescriptor(const vector<string>& indices, int dev) : TensorDescriptor(dev), indices(indices) {}

void SelDescriptor::build(vector<int> new_ishape) {
    idxs_range = parse_indices(indices, new_ishape);
    ishape = new_ishape;
    oshape = indices2shape(idxs_range);
    build_indices();
}

void SelDescriptor::resize(int) { build_indices(); }

void SelDescriptor::build_indices() {
    cpu_addresses = addresses(ishape, oshape, same_axis, [this](std::size_t d, int j) { return idxs_range[d][0] + j; });
}

// --- permute ---

PermuteDescriptor::PermuteDescriptor(const vector<int>& dims, int dev) : SelDescriptor(dev), dims(dims) {}

void PermuteDescriptor::build(vector<int> new_ishape) {
    oshape = permute_shape(new_ishape, dims);
    ishape = new_ishape;
    build_indices();
}

void PermuteDescriptor::resize(int) { build_indices(); }

void PermuteDescriptor::build_indices() {
    cpu_addresses = addresses(
        ishape, oshape, [this](std::size_t d) { return static_cast<std::size_t>(dims[d]); },
        [](std::size_t, int j) { return j; });
}

// --- gather ---

GatherDescriptor::GatherDescriptor(const vector<int>& dims, int dev) : SelDescriptor(dev), dims(dims) {}

void GatherDescriptor::build(vector<int> new_ishape) {
    PermuteDescriptor permutation(dims, device);
    permutation.build(new_ishape);
    ishape = permutation.ishape;
    oshape = permutation.oshape;
    cpu_addresses = permutation.cpu_addresses;
}

void GatherDescriptor::resize(int) { build_indices(); }
void GatherDescriptor::build_indices() { build(ishape); }

// --- expand ---

ExpandDescriptor::ExpandDescriptor(int size, int dev) : SelDescriptor(dev), size(size) {}

void ExpandDescriptor::build(vector<int> new_ishape) {
    oshape = expand_shape(new_ishape, size);
    ishape = new_ishape;
    build_indices();
}

void ExpandDescriptor::resize(int) { build_indices(); }

void ExpandDescriptor::build_indices() {
    cpu_addresses =
        addresses(ishape, oshape, same_axis, [this](std::size_t d, int j) { return ishape[d] == 1 ? 0 : j; });
}

// --- repeat ---

RepeatDescriptor::RepeatDescriptor(vector<unsigned int> vrepeats, unsigned int axis, int dev)
    : SelDescriptor(dev), vrepeats(vrepeats), axis(axis) {}

void RepeatDescriptor::build(vector<int> new_ishape) {
    if (axis >= new_ishape.size()) eddl::invalid("repeat", "axis ", axis, " of a tensor of shape ", new_ishape);
    if (vrepeats.size() != static_cast<std::size_t>(new_ishape[axis])) {
        eddl::invalid("repeat", vrepeats.size(), " repeats for axis ", axis, " of shape ", new_ishape);
    }
    const auto extent = std::accumulate(vrepeats.begin(), vrepeats.end(), std::uint64_t{0});
    if (extent > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
        eddl::invalid("repeat", "the repeats ", vrepeats, " add up beyond any dimension");
    }
    ishape = oshape = new_ishape;
    oshape[axis] = static_cast<int>(extent);
    build_indices();
}

void RepeatDescriptor::resize(int) { build_indices(); }

void RepeatDescriptor::build_indices() {
    shape2size(oshape);  // refuses what is too large before memory is taken
    vector<int> source;  // of each index on the axis
    for (std::size_t j = 0; j < vrepeats.size(); ++j) source.insert(source.end(), vrepeats[j], static_cast<int>(j));
    cpu_addresses = addresses(ishape, oshape, same_axis, [&](std::size_t d, int j) {
        return d == axis ? source[static_cast<std::size_t>(j)] : j;
    });
}

// --- tile ---

TileDescriptor::TileDescriptor(vector<int> vrepeats, int dev) : SelDescriptor(dev), vrepeats(vrepeats) {}

void TileDescriptor::build(vector<int> new_ishape) {
    require_one_per_axis("tile", vrepeats, new_ishape);
    if (std::any_of(vrepeats.begin(), vrepeats.end(), [](int r) { return r < 1; })) {
        eddl::invalid("tile", "repeats ", vrepeats, " must be at least 1");
    }
    ishape = oshape = new_ishape;
    for (std::size_t d = 0; d < oshape.size(); ++d) {
        if (__builtin_mul_overflow(oshape[d], vrepeats[d], &oshape[d])) {
            eddl::invalid("tile", "repeats ", vrepeats, " of shape ", ishape, " are beyond any dimension");
        }
    }
    build_indices();
    elem_repeats = shape2size(vrepeats);
}

void TileDescriptor::resize(int) { build_indices(); }

void TileDescriptor::build_indices() {
    cpu_addresses = addresses(ishape, oshape, same_axis, [this](std::size_t d, int j) { return j % ishape[d]; });
}

// --- reduce ---

ReduceDescriptor2::ReduceDescriptor2(const vector<int>& axis, bool keepdims, int dev)
    : TensorDescriptor(dev), axis(axis), keepdims(keepdims), size_reduction(0) {}

ReduceDescriptor2::~ReduceDescriptor2() = default;

void ReduceDescriptor2::build(const vector<int>& new_ishape) {
    const int rank = static_cast<int>(new_ishape.size());
    vector<int> axes = axis;
    for (int& a : axes) {
        if (a < -rank || a >= rank) eddl::invalid("reduce", "axis ", a, " of a tensor of shape ", new_ishape);
        if (a < 0) a += rank;
    }
    std::sort(axes.begin(), axes.end());
    if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) eddl::invalid("reduce", "axes ", axis, " repeat");
    ishape = new_ishape;
    axis = axes;
    compute_output();
    build_indices();
}

void ReduceDescriptor2::compute_output() {
    oshape.clear();
    size_reduction = 1;
    for (int d = 0; d < static_cast<int>(ishape.size()); ++d) {
        const int extent = ishape[static_cast<std::size_t>(d)];
        const bool reduce = std::binary_search(axis.begin(), axis.end(), d);
        if (reduce) size_reduction *= extent;
        if (!reduce) oshape.push_back(extent);
        if (reduce && keepdims) oshape.push_back(1);
    }
    if (oshape.empty()) oshape.push_back(1);
}

void ReduceDescriptor2::build_indices() {
    // Stride in the output of each input axis: 0 where it is reduced.
    vector<int> kept = ishape;
    for (int a : axis) kept[static_cast<std::size_t>(a)] = 1;
    vector<int> stride = shape2stride(kept);
    for (int a : axis) stride[static_cast<std::size_t>(a)] = 0;

    index.assign(static_cast<std::size_t>(shape2size(oshape)), {});
    for (vector<int>& elements : index) elements.reserve(static_cast<std::size_t>(size_reduction));
    for_each_index(ishape, [&](int i, const vector<int>& position) {
        const int target = std::inner_product(position.begin(), position.end(), stride.begin(), 0);
        index[static_cast<std::size_t>(target)].push_back(i);
    });
}

void ReduceDescriptor2::resize(int b) {
    free_memory();
    vector<int> shape = ishape;
    if (!shape.empty()) shape[0] = b;
    build(shape);
}

void ReduceDescriptor2::build_map(bool reverse) {
    cpu_addresses.assign(static_cast<std::size_t>(shape2size(ishape)), 0);
    std::size_t next = 0;
    for (std::size_t i = 0; i < index.size(); ++i) {
        for (int element : index[i]) {
            if (reverse) {
                cpu_addresses[next++] = element;
            } else {
                cpu_addresses[static_cast<std::size_t>(element)] = static_cast<int>(i);
            }
        }
    }
}
