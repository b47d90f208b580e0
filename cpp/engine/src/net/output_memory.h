// At the lowest memory level, the outputs of hidden layers go as soon as nothing in the batch reads them any more.
#pragma once

#include <cstddef>
#include <vector>

#include "eddl/net/net.h"

namespace eddl {

// For one batch of a net whose layers have their final batch size. A released output has no samples: its shape is
// [0, …], so that whoever looks sees that it is gone. Net::do_forward makes it anew for the next batch.
class OutputMemory {
public:
    OutputMemory() = default;  // releases nothing
    // Releases nothing above the lowest memory level, nor in recurrent nets.
    OutputMemory(const Net &net, bool trains);

    // To be called after the forward of net.vfts[position].
    void after_forward(std::size_t position) const;

    // While it lives, released outputs have their shapes, but no values: what backward needs for deltas.
    class Shapes {
    public:
        explicit Shapes(const OutputMemory &memory);
        ~Shapes();
        Shapes(const Shapes &) = delete;
        Shapes &operator=(const Shapes &) = delete;

    private:
        const OutputMemory &memory_;
    };

private:
    void set_batches(int batch) const;  // of all that is released

    std::vector<vlayer> released_after_;  // a list for each position, owners of memory first; or none at all
    int batch_ = 0;
};

}  // namespace eddl
