#include "serialization/onnx/export/schedule.h"

#include "eddl/layers/core/layer_core.h"

namespace eddl::onnx_io {

// Layers of the encoder work at each step if something recurrent of it is behind them, and so do all its inputs: that
// is the shape of their data. What follows the last recurrent layer works once, on the last step.
Schedule::Schedule(const Net &net) : roles_(net) {
    const bool recurrent = roles_.encodes || !roles_.decoders.empty();
    for (auto i = net.layers.rbegin(); i != net.layers.rend(); ++i) {
        const Layer *layer = *i;
        const bool is_input = dynamic_cast<const LInput *>(layer) != nullptr;
        Time time = Time::once;
        if (!recurrent || (layer->parent.empty() && !is_input)) {
            time = Time::once;
        } else if (roles_.decodes(layer)) {
            time = Time::decoder;
        } else if (roles_.encodes && (is_input || layer->isrecurrent || feeds_steps(*layer))) {
            time = Time::encoder;
        }
        times_[layer] = time;
        if (time != Time::encoder) continue;
        for (const Layer *parent : layer->parent) feeds_steps_.insert(parent);
    }
}

const Layer *Schedule::initial_states(const Layer &layer) const {
    if (layer.parent.size() > 1) return layer.parent[1];
    return &layer == roles_.linked_decoder ? roles_.linked_encoder : nullptr;
}

}  // namespace eddl::onnx_io
