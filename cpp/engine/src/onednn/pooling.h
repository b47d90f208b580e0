// Maximum and average pooling of plain tensors [batch, channels, …] over two or three axes.
#pragma once

#include <vector>

#include "onednn/operation.h"
#include "onednn/spatial.h"

namespace eddl::onednn {

struct PoolShape {
    int rank = 2;  // spatial axes: 2 or 3
    int batch = 0, channels = 0;
    Spatial in{}, out{};
    Spatial window{}, stride{};
    Spatial before{}, after{};  // padding
    bool save_memory = false;  // take the batch in parts, so that less of it is in scratch memory at a time

    bool operator==(const PoolShape& other) const;
};

enum class PoolKind { maximum, average };  // average: over the whole window, padding included as zeros

class Pooling {
public:
    explicit Pooling(PoolKind kind) : kind_(kind) {}

    void forward(const PoolShape& shape, const float* src, float* dst);
    // diff_src += …, for the last forward.
    void backward(const PoolShape& shape, const float* diff_dst, float* diff_src);

private:
    struct Operations {
        Operation forward, backward;
        Desc workspace;  // where each maximum was; empty for averages
    };
    Operations make(const PoolShape& shape) const;
    Operations& operations(const PoolShape& part);
    dnnl::memory& workspace_of(const PoolShape& part, int first);

    PoolKind kind_;
    Cached<PoolShape, Operations> operations_;
    std::vector<dnnl::memory> workspaces_;  // one a part of the batch
};

}  // namespace eddl::onednn
