#include "layers/memory_needs.h"

#include "eddl/layers/channel_sum.h"
#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/da/layer_da.h"
#include "eddl/layers/merge/layer_merge.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/pool/layer_pool.h"
#include "layers/activation_functions.h"

namespace eddl {

namespace {

template <typename... Kinds>
bool is_one_of(const Layer& layer) {
    return (... || (dynamic_cast<const Kinds*>(&layer) != nullptr));
}

bool reads_input(const LActivation& layer) {
    bool needs_x = false;  // softmax has no function of one element, and needs its output only
    visit_function(layer.act, layer.params, [&](const auto& f) { needs_x = f.needs_x(); });
    return needs_x;
}

}  // namespace

std::optional<BackwardReads> backward_reads(const Layer& layer) {
    if (const auto* activation = dynamic_cast<const LActivation*>(&layer)) {
        return BackwardReads{reads_input(*activation), true};
    }
    if (is_one_of<LConv, LConv3D, LDense, LBatchNorm>(layer)) return BackwardReads{true, false};
    if (is_one_of<LPool, LPool3D, LAdd, LSubtract, LAverage, LChannelSum, LConcat, LPad, LUpSampling, LDropout>(
            layer)) {
        return BackwardReads{false, false};
    }
    return std::nullopt;
}

}  // namespace eddl
