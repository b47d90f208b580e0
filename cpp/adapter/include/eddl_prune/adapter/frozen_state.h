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

private:
    struct Entry {
        TensorRecord record;
        std::vector<std::uint8_t> is_zero;
    };

    Net* net_;
    std::vector<Entry> entries_;
    std::size_t count_ = 0;
};

// A deep copy of every parameter (batch norm's running statistics included) and, if asked, of the optimizer's moments
// and step count. Hyper-parameters such as the learning rate are not part of it.
class Snapshot {
public:
    // Built and unbuilt nets; an unbuilt one has no optimizer to copy.
    Snapshot(Net* net, bool optimizer);

    // Writes everything back; may be called any number of times.
    void restore() const;

private:
    struct Entry {
        TensorRecord record;
        std::vector<float> values;
        std::vector<std::vector<float>> moments;  // parallel to ParameterMoments::tensors; empty where not copied
    };

    Net* net_;
    std::vector<Entry> entries_;
    bool has_moments_ = false;
    int step_count_ = 0;
};

}  // namespace eddl_prune::adapter
