// Convolution of plain tensors by a kernel of ours, which takes every number of channels as it is: oneDNN's fill blocks
// of eight, and a pruned net has 9 or 17. On x86 it needs AVX2.
#pragma once

#include <memory>

#include "onednn/conv_shape.h"

namespace eddl::onednn {

// Of one shape, for as many threads as there are when it is made.
class DirectConvolution {
public:
    static DirectConvolution forward(const ConvShape& shape);
    // The gradient of the input, from that of the output; steps of 1 only.
    static DirectConvolution backward_data(const ConvShape& shape);

    // dst = …, or dst += …; bias: nullptr for none.
    void run(const float* src, const float* weights, const float* bias, float* dst, bool add) const;

private:
    struct Made;
    explicit DirectConvolution(std::shared_ptr<const Made> made);

    std::shared_ptr<const Made> made_;
};

// What they cost, in cycles of one core, on one thread.
double direct_forward_cycles(const ConvShape& shape);
double direct_backward_data_cycles(const ConvShape& shape);

}  // namespace eddl::onednn
