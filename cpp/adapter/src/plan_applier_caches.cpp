#include "plan_applier_caches.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/da/layer_da.h"
#include "eddl/layers/noise/layer_noise.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/operators/layer_operators.h"
#include "eddl/layers/pool/layer_pool.h"
#include "eddl/layers/recurrent/layer_recurrent.h"
#include "eddl/layers/reductions/layer_reductions.h"
#include "graph_reader_layers.h"
#include "pass_through.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

namespace {

using Shape = std::vector<int>;

class CachePreparation {
public:
    CachePreparation(const ShapeChange& change, std::vector<std::function<void()>>& refreshes)
        : change_(change), in_(static_cast<int>(change.keep_in.size())), out_(static_cast<int>(change.keep_out.size())),
          refreshes_(refreshes) {}

    void prepare() {
        Layer& layer = change_.layer;
        const bool special = try_kind<LReshape, LSqueeze, LUnsqueeze, PassThrough, LBypass, LConv1D, LPool1D>(layer);
        if (!special) resize(layer.output, out_);
        static_cast<void>(
            try_kind<LDense, LBatchNorm, LGroupNorm, LEmbedding, LLSTM, LGRU, LRNN, LDropout, LGaussianNoise, LAbs,
                     LPad, LPool, LPool3D, LSelect, LPermute, LTile, LBroadcast, LRepeat, ReductionLayer>(layer));
    }

private:
    template <class... Kinds>
    bool try_kind(Layer& layer) {
        const auto run = [this](auto* kind) {
            if (kind != nullptr) refresh(*kind);
            return kind != nullptr;
        };
        return (run(dynamic_cast<Kinds*>(&layer)) || ...);
    }

    static Shape with_channels(Shape shape, int channels) {
        shape.at(channel_axis) = channels;
        return shape;
    }

    static Shape sample_of(const Shape& shape) { return {shape.begin() + 1, shape.end()}; }

    // A tensor of its own, whose values do not outlast a batch.
    void resize(Tensor* tensor, int channels) {
        if (tensor == nullptr || tensor->shape.at(channel_axis) == channels) return;
        refreshes_.push_back([tensor, shape = with_channels(tensor->shape, channels)] { shrink(*tensor, shape); });
    }

    // A tensor on the memory of another one, which may have moved.
    void alias(Tensor* tensor, int channels, const Tensor* source) {
        refreshes_.push_back([tensor, shape = with_channels(tensor->shape, channels), source] {
            reshape_alias(*tensor, shape, source->ptr);
        });
    }

    // --- views of the parent's memory ---

    void refresh(LReshape& layer) {
        alias(layer.output, out_, layer.parent.front()->output);
        refreshes_.push_back([&layer, out = out_] { layer.ls[channel_axis] = out; });
    }
    void refresh(LSqueeze& layer) { alias(layer.output, out_, layer.parent.front()->output); }
    void refresh(LUnsqueeze& layer) { alias(layer.output, out_, layer.parent.front()->output); }
    void refresh(LBypass&) {}  // its output is its parent's
    void refresh(PassThrough& layer) {
        refreshes_.push_back([&layer] { layer.follow_parent(); });
    }

    // --- layers on one axis, which work on tensors with a second axis of 1 ---

    template <class Descriptor>
    void refresh_column(LinLayer& layer, Tensor* input_reshaped, Descriptor& descriptor) {
        alias(input_reshaped, in_, layer.input);
        resize(descriptor.O, out_);
        alias(layer.output, out_, descriptor.O);
    }
    void refresh(LConv1D& layer) { refresh_column(layer, layer.input_reshaped, *layer.cd); }
    void refresh(LPool1D& layer) {
        refresh_column(layer, layer.input_reshaped, *layer.pd);
        refresh_pool(*layer.pd);
    }

    // --- numbers and buffers ---

    void refresh(LDense& layer) {
        refreshes_.push_back([&layer, in = in_, out = out_] {
            layer.inshape[channel_axis] = in;
            layer.outshape[channel_axis] = out;
            layer.ndim = layer.outshape.back();
        });
    }
    void refresh(LBatchNorm& layer) {
        resize(layer.opa, out_);
        refreshes_.push_back([&layer, out = out_] { layer.shape.front() = out; });
    }
    template <class Cell>
    void refresh_cell(Cell& layer) {
        for (Tensor* state : layer.states)
            if (state != layer.output) resize(state, out_);
        refreshes_.push_back([&layer, out = out_] { layer.units = out; });
    }
    void refresh(LLSTM& layer) { refresh_cell(layer); }
    void refresh(LGRU& layer) { refresh_cell(layer); }
    void refresh(LRNN& layer) {
        refresh_cell(layer);
        resize(layer.preoutput, out_);
    }
    void refresh(LGroupNorm& layer) {
        const int size = static_cast<int>(change_.layer.output->shape[channel_axis]) / layer.groups,
                  groups = out_ / size;
#if !defined(EDDL_EMBEDDED_ENGINE)
        // The forward pass leaves its copy of the input as a matrix, with a column for each group of each sample.
        const Shape statistics = {layer.output->shape.front() * groups}, &before = layer.opa->shape;
        const Shape copy = before.size() == 2 ? Shape{before.front(), statistics.front()} : with_channels(before, out_);
        refreshes_.push_back([&layer, copy, statistics] {
            shrink(*layer.opa, copy);
            for (Tensor* tensor : {layer.bn_mean, layer.bn_var}) shrink(*tensor, statistics);
        });
#endif
        refreshes_.push_back([&layer, groups] { layer.groups = groups; });
    }
    void refresh(LEmbedding& layer) {
        refreshes_.push_back([&layer, dim = out_ / layer.length] { layer.dim = dim; });
    }
    void refresh(LDropout& layer) { resize(layer.mask, out_); }
    void refresh(LGaussianNoise& layer) { resize(layer.noise, out_); }
#if defined(EDDL_EMBEDDED_ENGINE)
    void refresh(LAbs&) {}
#else
    void refresh(LAbs& layer) { resize(layer.mask, out_); }
#endif
    void refresh(LPad& layer) {
        refreshes_.push_back([&layer] { std::fill_n(layer.output->ptr, layer.output->size, layer.constant); });
    }

    template <class Descriptor>
    void refresh_pool(Descriptor& descriptor) {
        resize(descriptor.indX, out_);
        resize(descriptor.indY, out_);
        if constexpr (std::is_same_v<Descriptor, PoolDescriptor3D>) resize(descriptor.indZ, out_);
        refreshes_.push_back([&descriptor, in = in_, out = out_] {
            descriptor.size = descriptor.size / descriptor.iz * in;
            descriptor.iz = in;
            descriptor.z = out;
        });
    }
    void refresh(LPool& layer) { refresh_pool(*layer.pd); }
    void refresh(LPool3D& layer) { refresh_pool(*layer.pd); }

    // --- descriptors that hold an address a value ---

    // The new shape of the input; `batch` is what the layer counts of it.
    Shape input_shape(Shape batch) const {
        const Shape sample = sample_of(with_channels(change_.layer.parent.front()->output->shape, in_));
        batch.insert(batch.end(), sample.begin(), sample.end());
        return batch;
    }

    // Built beside the old one, for another shape.
    template <class Descriptor>
    void exchange(Descriptor*& held, std::unique_ptr<Descriptor> fresh, const Shape& shape) {
        checkpoint();
        fresh->build(shape);
        // std::function wants what it holds to be copyable.
        refreshes_.push_back([&held, owner = std::make_shared<std::unique_ptr<Descriptor>>(std::move(fresh))] {
            Descriptor* old = held;
            held = owner->release();
            owner->reset(old);
        });
    }

    // What stays of a range of channels is a range of those that stay.
    void refresh(LSelect& layer) {
        SelDescriptor& old = *layer.sd;
        const auto number = [&](int bound) {
            return std::lower_bound(change_.keep_in.begin(), change_.keep_in.end(), static_cast<std::size_t>(bound)) -
                   change_.keep_in.begin();
        };
        std::vector<std::string> indices = old.indices;
        indices.front() = std::to_string(number(old.idxs_range.front()[0])) + ":" +
                          std::to_string(number(old.idxs_range.front()[1] + 1));
        exchange(layer.sd, std::make_unique<SelDescriptor>(indices, old.device), input_shape({}));
    }
    void refresh(LPermute& layer) {
        exchange(layer.sd, std::make_unique<PermuteDescriptor>(layer.sd->dims, layer.sd->device), input_shape({}));
    }
    void refresh(LTile& layer) {
        exchange(layer.td, std::make_unique<TileDescriptor>(layer.td->vrepeats, layer.td->device), input_shape({1}));
    }
    void refresh(LBroadcast& layer) {
        Shape seen = layer.td->ishape, repeats = layer.td->vrepeats;
        (repeats.front() == 1 ? seen : repeats).front() = out_;
        exchange(layer.td, std::make_unique<TileDescriptor>(repeats, layer.td->device), seen);
    }
    void refresh(LRepeat& layer) {
        std::vector<unsigned int> repeats = layer.rd->vrepeats;
        if (layer.rd->axis == channel_axis) {
            std::transform(change_.keep_in.begin(), change_.keep_in.end(), repeats.begin(),
                           [&](std::size_t c) { return layer.rd->vrepeats[c]; });
            repeats.resize(change_.keep_in.size());
        }
        exchange(layer.rd, std::make_unique<RepeatDescriptor>(repeats, layer.rd->axis, layer.rd->device),
                 input_shape({1}));
    }

#if defined(EDDL_EMBEDDED_ENGINE)
    void refresh(ReductionLayer&) {}
#else
    void refresh(ReductionLayer& layer) {
        checkpoint();
        ReduceDescriptor& old = *layer.RD;
        resize(old.S, out_);
        // Only its shape is read, so it borrows the data. The index then serves, the tensors do not.
        Tensor input(with_channels(layer.input->shape, in_), layer.input->ptr, layer.input->device);
        const char* const modes[] = {"mean", "sum", "max", "min"};
        auto fresh = std::make_shared<ReduceDescriptor>(&input, old.axis, modes[old.m], old.keepdims);
        delete fresh->O;
        delete fresh->S;
        refreshes_.push_back([&old, fresh] { std::swap(old.index, fresh->index); });
    }
#endif

    const ShapeChange& change_;
    const int in_, out_;
    std::vector<std::function<void()>>& refreshes_;
};

}  // namespace

void prepare_caches(const ShapeChange& change, std::vector<std::function<void()>>& refreshes) {
    CachePreparation(change, refreshes).prepare();
}

}  // namespace eddl_prune::adapter
