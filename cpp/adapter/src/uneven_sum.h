// A weighted sum whose operands need not have the same channels.
#pragma once

#include "channel_sum.h"
#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// One that stands for a sum of EDDL's.
class UnevenSum : public ChannelSum {
public:
    // To stand for `sum`, of which it will take name, place, output and so many parents as that has left by then:
    // replace().
    UnevenSum(Layer& sum, std::size_t parents);
    ~UnevenSum() override;

    // Once. Takes `sum`, which becomes the net's no more but lives as long as this layer: a script's handle of it stays
    // valid. Allocates nothing.
    void replace(Net& net, Layer& sum) noexcept;

private:
    Layer* replaced_ = nullptr;
};

}  // namespace eddl_prune::adapter
