#include "eddl_prune/adapter/activity.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/da/layer_da.h"
#include "eddl/layers/merge/layer_merge.h"
#include "eddl/layers/noise/layer_noise.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/pool/layer_pool.h"
#include "eddl_prune/adapter/backward_scope.h"
#include "eddl_prune/kernels/sensitivity.h"

namespace eddl_prune::adapter {

namespace {

// Where a layer's neurons are in a sample of some tensor: `extent` values from `offset` on, in order.
struct Place {
    Layer* layer;
    std::size_t offset;
    std::size_t extent;
};

// The activations that a layer's neurons reach, and whether other ways lead from it.
struct Reach {
    std::vector<Place> activations;
    bool elsewhere = false;
};

template <class... Kinds>
bool is_one_of(const Layer* layer) {
    return (... || (dynamic_cast<const Kinds*>(layer) != nullptr));
}

// Without the batch: training may have released the memory.
std::size_t sample_size(const Layer* layer) {
    std::size_t size = 1;
    for (std::size_t i = 1; i < layer->output->shape.size(); ++i)
        size *= static_cast<std::size_t>(layer->output->shape[i]);
    return size;
}

bool is_pointwise(const Layer* layer) {
    const auto* activation = dynamic_cast<const LActivation*>(layer);
    return activation != nullptr && activation->act != "softmax" && activation->act != "softmax_deprecated";
}

class Tracer {
public:
    Tracer(const vlayer& layers, const WeightedLayer& from) : in_net_(layers.begin(), layers.end()), from_(from) {
        follow({from.layer, 0, sample_size(from.layer)});
    }
    const Reach& reach() const { return reach_; }

private:
    // Neurons on the last of several axes are not in order: only what keeps every value in its place may follow.
    bool on_last_axis() const { return from_.kind == WeightKind::dense && from_.layer->output->shape.size() > 2; }

    void follow(const Place& place) {
        bool read = false;
        for (Layer* child : place.layer->child) {
            if (in_net_.count(child) == 0) continue;
            read = true;
            if (is_pointwise(child))
                reach_.activations.push_back({child, place.offset, place.extent});
            else if (!pass(place, child))
                reach_.elsewhere = true;
        }
        if (!read) reach_.elsewhere = true;
    }

    // False where the child mixes neurons.
    bool pass(const Place& place, Layer* child) {
        const std::size_t from = sample_size(place.layer), to = sample_size(child);
        if (is_one_of<LBatchNorm, LDropout, LGaussianNoise, LReshape, LSqueeze, LUnsqueeze, LAdd, LSubtract, LAverage>(
                child)) {
            if (from != to) return false;
            follow({child, place.offset, place.extent});
            return true;
        }
        if (on_last_axis()) return false;
        const auto* concat = dynamic_cast<const LConcat*>(child);
        if (concat != nullptr && concat->axis == 0) {
            std::size_t offset = place.offset;
            for (const Layer* parent : concat->parent) {
                if (parent == place.layer) {
                    follow({child, offset, place.extent});
                    return true;
                }
                offset += sample_size(parent);
            }
        }
        // Each channel by itself: the neurons must still be the channels.
        const std::size_t channels = static_cast<std::size_t>(place.layer->output->shape.at(1));
        const bool keeps_channels = is_one_of<LPool, LPool1D, LPool3D, LPad, LUpSampling>(child) &&
                                    place.extent / from_.out_channels == from / channels &&
                                    child->output->shape.at(1) == place.layer->output->shape.at(1);
        if (keeps_channels) follow({child, place.offset / (from / channels) * (to / channels),
                                    from_.out_channels * (to / channels)});
        return keeps_channels;
    }

    std::unordered_set<const Layer*> in_net_;
    const WeightedLayer& from_;
    Reach reach_;
};

// Counts, of the derivatives at `place`, those that are not 0, for each neuron.
void count_active(const Tensor& derivatives, const Place& place, const WeightedLayer& layer,
                  std::vector<double>& counts) {
    const auto batch = static_cast<std::size_t>(derivatives.shape.front());
    const std::size_t neurons = layer.out_channels, sample = derivatives.size / batch;
    kernels::AxisShape shape{1, neurons, place.extent / neurons};
    if (layer.kind == WeightKind::dense) shape = {place.extent / neurons, neurons, 1};
    if (place.extent == sample) {
        shape.outer *= batch;
        return kernels::add_channel_nonzero_counts(derivatives.ptr, shape, counts.data());
    }
    for (std::size_t n = 0; n < batch; ++n)
        kernels::add_channel_nonzero_counts(derivatives.ptr + n * sample + place.offset, shape, counts.data());
}

}  // namespace

std::vector<std::vector<float>> activity(const vlayer& layers, const std::vector<WeightedLayer>& of,
                                         std::vector<float>& scratch) {
    struct Reader {
        std::size_t index;  // in `of`
        Place place;
    };
    std::vector<std::vector<double>> counts;
    std::unordered_map<const Layer*, std::vector<Reader>> readers;
    std::vector<std::vector<float>> active;
    for (std::size_t i = 0; i < of.size(); ++i) {
        const Reach reach = Tracer(layers, of[i]).reach();
        // What is active everywhere need not be counted.
        active.emplace_back(of[i].out_channels, 1.0f);
        counts.emplace_back(of[i].out_channels, 0.0);
        if (reach.elsewhere) continue;
        for (const Place& place : reach.activations) readers[place.layer].push_back({i, place});
    }

    vlayer activations;
    std::copy_if(layers.begin(), layers.end(), std::back_inserter(activations),
                 [&](const Layer* layer) { return readers.count(layer) != 0; });
    BackwardScope scope(layers, activations, scratch);
    std::vector<double> counted(of.size(), 0.0);  // derivatives of each neuron
    // Forwards: where one activation follows another, the second adds to the first one's delta.
    for (Layer* activation : activations) {
        scope.delta(activation).fill_(1.0f);
        Tensor& derivatives = scope.delta(activation->parent.front());
        derivatives.fill_(0.0f);
        scope.backward(activation);
        for (const Reader& reader : readers.at(activation)) {
            count_active(derivatives, reader.place, of[reader.index], counts[reader.index]);
            counted[reader.index] += static_cast<double>(derivatives.shape.front()) *
                                     static_cast<double>(reader.place.extent / of[reader.index].out_channels);
        }
    }
    for (std::size_t i = 0; i < of.size(); ++i)
        if (counted[i] != 0.0)
            std::transform(counts[i].begin(), counts[i].end(), active[i].begin(),
                           [&](double count) { return static_cast<float>(count / counted[i]); });
    return active;
}

}  // namespace eddl_prune::adapter
