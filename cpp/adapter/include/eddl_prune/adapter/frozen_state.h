// State of a net that is kept outside it, to be written back later: masks and snapshots. Both remember the structure
// they were taken from and refuse a net whose structure has changed since (std::invalid_argument that names the layer).
// Neither owns the net, which must outlive them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "eddl_prune/adapter/net_view.h"

namespace eddl_prune::adapter {

// Arrays by name, for files. Names start with "<position of the layer in the net>.<index into layer->params>".
// `values` are as many as `shape` says.
template <class Value>
struct NamedArray {
    std::string name;
    std::vector<int> shape;
    std::vector<Value> values;
};
template <class Value>
using NamedArrays = std::vector<NamedArray<Value>>;

// One parameter tensor at the time of the copy.
struct TensorRecord {
    const Layer* layer;
    std::string layer_name;
    std::size_t layer_position;
    std::size_t param;  // index into layer->params
    std::vector<int> shape;
};

// Keeps zero weights zero while training goes on.
class Mask {
public:
    // Captures which weights (and biases, if asked) of the net's convolutions and dense layers are exactly 0.
    // Built and unbuilt nets.
    Mask(Net* net, bool biases);

    // Zeroes them again, and the optimizer's momentum there, so that it does not push them off 0 at the next step.
    void apply() const;

    std::size_t count() const { return count_; }

    // 1 where a zero is held, else 0; one array a tensor that has any.
    NamedArrays<std::uint8_t> arrays() const;
    // Holds what these arrays say instead. Throws std::invalid_argument, and changes nothing, for names that are not of
    // the net's weights and biases and for other shapes than theirs.
    void load(const NamedArrays<std::uint8_t>& arrays);

private:
    struct Entry {
        TensorRecord record;
        std::vector<std::uint8_t> is_zero;
    };

    Net* net_;
    std::vector<Entry> entries_;
    std::size_t count_ = 0;
};

// A deep copy of every parameter (batch norm's running statistics included) and, if asked, of the optimizer's moments,
// step count and learning rate. Its other hyper-parameters are not part of it. Nor are layer normalisation's
// statistics: they are those of the last batch, and the next one does not depend on them.
class Snapshot {
public:
    // Built and unbuilt nets; an unbuilt one has no optimizer to copy.
    Snapshot(Net* net, bool optimizer);

    // Writes everything back; may be called any number of times.
    void restore() const;

    int step_count() const { return step_count_; }
    float learning_rate() const { return learning_rate_; }
    // The parameters "<layer>.<param>" and their moments "<layer>.<param>.<moment>".
    NamedArrays<float> arrays() const;
    // Holds these values instead. Throws std::invalid_argument, and changes nothing, unless names and shapes are those
    // of arrays().
    void load(const NamedArrays<float>& arrays, int step_count, float learning_rate);

private:
    static constexpr int no_moment = -1;

    struct Entry {
        TensorRecord record;
        int moment;  // index into ParameterMoments::tensors, or no_moment for the parameter itself
        std::vector<float> values;
    };

    static std::string name_of(const Entry& entry);

    Net* net_;
    std::vector<Entry> entries_;
    bool has_optimizer_;
    int step_count_ = 0;         // 0 for an optimizer that does not count
    float learning_rate_ = 0.0f;  // 0 without an optimizer
};

}  // namespace eddl_prune::adapter
