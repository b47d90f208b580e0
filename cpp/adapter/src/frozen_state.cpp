#include "eddl_prune/adapter/frozen_state.h"

#include <algorithm>
#include <stdexcept>

#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl_prune/adapter/optimizer_state.h"
#include "eddl_prune/kernels/elementwise.h"

namespace eddl_prune::adapter {

namespace {

TensorRecord record_of(const NetView& view, std::size_t position, std::size_t param) {
    const Layer* layer = view.layers()[position];
    return {layer, layer->name, position, param, layer->params[param]->shape};
}

// The tensor that the record was taken from, if it still has the same place and shape. Never follows record.layer,
// which may be gone.
Tensor* require_unchanged(const NetView& view, const TensorRecord& record) {
    const std::string opening = std::string(view.function()) + ": layer '" + record.layer_name + "' ";
    const std::string remedy = "; take a new one after a structural change";
    if (record.layer_position >= view.layers().size() || view.layers()[record.layer_position] != record.layer ||
        record.layer->params.size() <= record.param)
        throw std::invalid_argument(opening + "is no longer where it was in the net" + remedy);
    Tensor* tensor = record.layer->params[record.param];
    if (tensor->shape != record.shape)
        throw std::invalid_argument(opening + "has a parameter of shape " + shape_text(tensor->shape) + " that was " +
                                    shape_text(record.shape) + remedy);
    return tensor;
}

std::vector<float> values_of(const Tensor& tensor) { return {tensor.ptr, tensor.ptr + tensor.size}; }

void write(const std::vector<float>& values, Tensor& tensor) { std::copy(values.begin(), values.end(), tensor.ptr); }

// Layer normalisation's statistics, which follow its scale and shift, are of the last batch and as many as its samples.
std::size_t kept_parameters(Layer& layer) {
    const bool has_statistics = dynamic_cast<LLayerNorm*>(&layer) != nullptr;
    return has_statistics ? static_cast<std::size_t>(layer.get_trainable_params_count()) : layer.params.size();
}

}  // namespace

Mask::Mask(Net* net, bool biases) : net_(net) {
    const NetView view(net, "Mask");
    for (const WeightedLayer& layer : view.weighted()) {
        const auto capture = [&](std::size_t param, const Tensor& tensor) {
            Entry entry{record_of(view, layer.position, param), std::vector<std::uint8_t>(tensor.size)};
            const std::size_t zeros = kernels::build_zero_mask(tensor.ptr, tensor.size, entry.is_zero.data());
            if (zeros != 0) entries_.push_back(std::move(entry));
            count_ += zeros;
        };
        capture(WeightedLayer::weight_param, *layer.weight);
        if (biases && layer.bias != nullptr) capture(WeightedLayer::bias_param, *layer.bias);
    }
}

void Mask::apply() const {
    const NetView view(net_, "Mask.apply");
    const OptimizerState state(view.optimizer());
    std::vector<Tensor*> tensors;
    for (const Entry& entry : entries_) tensors.push_back(require_unchanged(view, entry.record));

    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const Entry& entry = entries_[i];
        kernels::apply_zero_mask(tensors[i]->ptr, entry.is_zero.size(), entry.is_zero.data());
        const ParameterMoments* moments = state.find(entry.record.layer, entry.record.param);
        if (moments != nullptr && moments->first_moment != nullptr)
            kernels::apply_zero_mask(moments->first_moment->ptr, entry.is_zero.size(), entry.is_zero.data());
    }
}

Snapshot::Snapshot(Net* net, bool optimizer) : net_(net) {
    const NetView view(net, "Snapshot");
    const OptimizerState state(optimizer ? view.optimizer() : nullptr);
    has_moments_ = !state.moments().empty();
    if (state.step_count() != nullptr) step_count_ = *state.step_count();
    for (std::size_t position = 0; position < view.layers().size(); ++position) {
        const Layer& layer = *view.layers()[position];
        for (std::size_t param = 0; param < kept_parameters(*view.layers()[position]); ++param) {
            Entry entry{record_of(view, position, param), values_of(*layer.params[param]), {}};
            if (const ParameterMoments* moments = state.find(&layer, param))
                for (const Tensor* tensor : moments->tensors) entry.moments.push_back(values_of(*tensor));
            entries_.push_back(std::move(entry));
        }
    }
}

void Snapshot::restore() const {
    const NetView view(net_, "Snapshot.restore");
    const OptimizerState state(has_moments_ ? view.optimizer() : nullptr);
    struct Write {
        const std::vector<float>* values;
        Tensor* tensor;
    };
    std::vector<Write> writes;
    for (const Entry& entry : entries_) {
        writes.push_back({&entry.values, require_unchanged(view, entry.record)});
        if (entry.moments.empty()) continue;
        const ParameterMoments* moments = state.find(entry.record.layer, entry.record.param);
        if (moments == nullptr || moments->tensors.size() != entry.moments.size())
            throw std::invalid_argument(std::string(view.function()) +
                                        ": the net has another optimizer than when the snapshot was taken");
        for (std::size_t i = 0; i < entry.moments.size(); ++i)
            writes.push_back({&entry.moments[i], moments->tensors[i]});
    }
    // Parameters have been compared by shape; moments follow them unless somebody else has changed the optimizer.
    for (const Write& item : writes)
        if (item.values->size() != item.tensor->size)
            throw std::invalid_argument(std::string(view.function()) +
                                        ": the optimizer's moments have changed their size");

    for (const Write& item : writes) write(*item.values, *item.tensor);
    if (has_moments_ && state.step_count() != nullptr) *state.step_count() = step_count_;
}

}  // namespace eddl_prune::adapter
