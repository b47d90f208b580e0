// Batch normalisation of plain nchw (or nc: rows = columns = 1) tensors.
#pragma once

#include "onednn/operation.h"

namespace eddl::onednn {

struct BatchNormShape {
    int batch = 0, channels = 0, rows = 0, columns = 0;
    float epsilon = 0.0f;
    bool affine = false;
    bool save_memory = false;       // no copies of the tensors in a faster layout
    bool given_statistics = false;  // backward: mean and variance are constants; else they are those of the batch

    bool operator==(const BatchNormShape& other) const;
};

// Scale and shift, or their gradients; null unless affine.
template <typename Float>
struct Affine {
    Float* scale;
    Float* shift;
};

class BatchNorm {
public:
    // Writes mean and (biased) variance of the batch, and what is normalised by them.
    void forward(const BatchNormShape& shape, const float* src, float* mean, float* variance,
                 Affine<const float> affine, float* dst);
    // diff_src += …, gradients += …; mean and variance as the forward left them
    void backward(const BatchNormShape& shape, const float* src, const float* mean, const float* variance,
                  const float* scale, const float* diff_dst, float* diff_src, Affine<float> gradients);

private:
    Cached<BatchNormShape, Operation> forward_, backward_;
};

}  // namespace eddl::onednn
