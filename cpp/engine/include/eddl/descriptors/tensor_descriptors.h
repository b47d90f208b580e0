// Precomputed element addresses for operations that move elements: select, permute, gather, expand, repeat, tile, reduce.
// build(ishape) fixes the input's shape, derives oshape and fills cpu_addresses: cpu_addresses[i] is the input element
// that goes to output element i. Layers build all but ReduceDescriptor2 on the shape of one sample, so that resize(b),
// for another batch, keeps the shapes and only refills the addresses.
#ifndef EDDL_TENSOR_DESCRIPTORS_H
#define EDDL_TENSOR_DESCRIPTORS_H

#include "eddl/utils.h"

class TensorDescriptor {
public:
    int device;
    vector<int> cpu_addresses;

    explicit TensorDescriptor(int dev);
    virtual ~TensorDescriptor();
    TensorDescriptor(const TensorDescriptor&) = default;
    TensorDescriptor& operator=(const TensorDescriptor&) = default;

    virtual void resize(int b);
    void free_memory();
};

class SelDescriptor : public TensorDescriptor {
public:
    vector<int> ishape;
    vector<int> oshape;
    vector<vector<int>> idxs_range;  // inclusive [first, last] a dimension
    vector<string> indices;

    explicit SelDescriptor(int dev);
    SelDescriptor(const vector<string>& indices, int dev);

    virtual void build(vector<int> ishape);
    void resize(int b) override;
    virtual void build_indices();
};

class PermuteDescriptor : public SelDescriptor {
public:
    vector<int> dims;

    PermuteDescriptor(const vector<int>& dims, int dev);

    void build(vector<int> ishape) override;
    void resize(int b) override;
    void build_indices() override;
};

// The output has the input's shape and moves the axes as `dims` says.
class GatherDescriptor : public SelDescriptor {
public:
    vector<int> dims;

    GatherDescriptor(const vector<int>& dims, int dev);

    void build(vector<int> ishape) override;
    void resize(int b) override;
    void build_indices() override;
};

// Every dimension of 1 becomes `size`.
class ExpandDescriptor : public SelDescriptor {
public:
    int size;

    ExpandDescriptor(int size, int dev);

    void build(vector<int> ishape) override;
    void resize(int b) override;
    void build_indices() override;
};

// Index j of `axis` is repeated vrepeats[j] times.
class RepeatDescriptor : public SelDescriptor {
public:
    vector<unsigned int> vrepeats;
    unsigned int axis;

    RepeatDescriptor(vector<unsigned int> vrepeats, unsigned int axis, int dev);

    void build(vector<int> ishape) override;
    void resize(int b) override;
    void build_indices() override;
};

// Dimension d is laid out vrepeats[d] times in a row.
class TileDescriptor : public SelDescriptor {
public:
    vector<int> vrepeats;
    int elem_repeats = 0;  // how often each input element appears in the output

    TileDescriptor(vector<int> vrepeats, int dev);

    void build(vector<int> ishape) override;
    void resize(int b) override;
    void build_indices() override;
};

// index[i] lists, in row-major order, the input elements that reduce to output element i. keepdims leaves a dimension
// of 1 for each reduced axis; without it, reducing all axes gives shape [1]. resize(b) changes the first dimension to b.
class ReduceDescriptor2 : public TensorDescriptor {
public:
    vector<int> axis;
    bool keepdims;
    vector<vector<int>> index;
    vector<int> ishape;
    vector<int> oshape;
    int size_reduction;  // input elements per output element

    ReduceDescriptor2(const vector<int>& axis, bool keepdims, int dev);
    ~ReduceDescriptor2() override;
    ReduceDescriptor2(const ReduceDescriptor2&) = default;
    ReduceDescriptor2& operator=(const ReduceDescriptor2&) = default;

    void build(const vector<int>& ishape);
    void resize(int b) override;
    // cpu_addresses: the output element of each input element, or (reverse) the input elements grouped by output element.
    void build_map(bool reverse = false);

private:
    void compute_output();
    void build_indices();
};

#endif  // EDDL_TENSOR_DESCRIPTORS_H
