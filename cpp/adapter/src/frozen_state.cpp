#include "eddl_prune/adapter/frozen_state.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

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

std::string name_of(const TensorRecord& record) {
    return std::to_string(record.layer_position) + "." + std::to_string(record.param);
}

// Throws std::invalid_argument unless the array is of this shape.
template <class Value>
void require_shape(const NamedArray<Value>& array, const std::vector<int>& shape, const char* function) {
    if (array.shape == shape) return;
    throw std::invalid_argument(std::string(function) + ": array '" + array.name + "' has shape " +
                                shape_text(array.shape) + "; the net needs " + shape_text(shape));
}

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

NamedArrays<std::uint8_t> Mask::arrays() const {
    NamedArrays<std::uint8_t> arrays;
    for (const Entry& entry : entries_) arrays.push_back({name_of(entry.record), entry.record.shape, entry.is_zero});
    return arrays;
}

void Mask::load(const NamedArrays<std::uint8_t>& arrays) {
    const NetView view(net_, "Mask.load");
    std::map<std::string, TensorRecord> allowed;
    for (const WeightedLayer& layer : view.weighted())
        for (const auto& [param, tensor] : {std::pair{WeightedLayer::weight_param, layer.weight},
                                            std::pair{WeightedLayer::bias_param, layer.bias}}) {
            if (tensor == nullptr) continue;
            TensorRecord record = record_of(view, layer.position, param);
            allowed.emplace(name_of(record), std::move(record));
        }
    std::vector<Entry> entries;
    std::size_t count = 0;
    for (const NamedArray<std::uint8_t>& array : arrays) {
        const auto found = allowed.find(array.name);
        if (found == allowed.end())
            throw std::invalid_argument("Mask.load: array '" + array.name + "' is of no weight or bias of the net");
        require_shape(array, found->second.shape, view.function());
        entries.push_back({found->second, array.values});
        count += static_cast<std::size_t>(std::count_if(array.values.begin(), array.values.end(),
                                                        [](std::uint8_t held) { return held != 0; }));
    }
    entries_ = std::move(entries);
    count_ = count;
}

Snapshot::Snapshot(Net* net, bool optimizer) : net_(net), has_optimizer_(optimizer) {
    const NetView view(net, "Snapshot");
    const OptimizerState state(optimizer ? view.optimizer() : nullptr);
    if (state.step_count() != nullptr) step_count_ = *state.step_count();
    if (state.learning_rate() != nullptr) learning_rate_ = *state.learning_rate();
    for (std::size_t position = 0; position < view.layers().size(); ++position) {
        Layer& layer = *view.layers()[position];
        for (std::size_t param = 0; param < kept_parameters(layer); ++param) {
            entries_.push_back({record_of(view, position, param), no_moment, values_of(*layer.params[param])});
            const ParameterMoments* moments = state.find(&layer, param);
            for (std::size_t i = 0; moments != nullptr && i < moments->tensors.size(); ++i)
                entries_.push_back({entries_.back().record, static_cast<int>(i), values_of(*moments->tensors[i])});
        }
    }
}

void Snapshot::restore() const {
    const NetView view(net_, "Snapshot.restore");
    const OptimizerState state(has_optimizer_ ? view.optimizer() : nullptr);
    std::vector<Tensor*> tensors;  // parallel to entries_
    for (const Entry& entry : entries_) {
        Tensor* tensor = require_unchanged(view, entry.record);
        if (entry.moment != no_moment) {
            const ParameterMoments* moments = state.find(entry.record.layer, entry.record.param);
            if (moments == nullptr || static_cast<std::size_t>(entry.moment) >= moments->tensors.size())
                throw std::invalid_argument(std::string(view.function()) +
                                            ": the net has another optimizer than when the snapshot was taken");
            tensor = moments->tensors[static_cast<std::size_t>(entry.moment)];
            // Parameters have been compared by shape; moments follow them unless somebody else has changed the
            // optimizer.
            if (tensor->size != entry.values.size())
                throw std::invalid_argument(std::string(view.function()) +
                                            ": the optimizer's moments have changed their size");
        }
        tensors.push_back(tensor);
    }

    for (std::size_t i = 0; i < entries_.size(); ++i)
        std::copy(entries_[i].values.begin(), entries_[i].values.end(), tensors[i]->ptr);
    if (state.step_count() != nullptr) *state.step_count() = step_count_;
    if (state.learning_rate() != nullptr) *state.learning_rate() = learning_rate_;
}

std::string Snapshot::name_of(const Entry& entry) {
    const std::string param = adapter::name_of(entry.record);
    return entry.moment == no_moment ? param : param + "." + std::to_string(entry.moment);
}

NamedArrays<float> Snapshot::arrays() const {
    NamedArrays<float> arrays;
    for (const Entry& entry : entries_) arrays.push_back({name_of(entry), entry.record.shape, entry.values});
    return arrays;
}

void Snapshot::load(const NamedArrays<float>& arrays, int step_count, float learning_rate) {
    std::map<std::string, const NamedArray<float>*> by_name;
    for (const NamedArray<float>& array : arrays) by_name[array.name] = &array;
    for (const Entry& entry : entries_) {
        const auto found = by_name.find(name_of(entry));
        if (found == by_name.end())
            throw std::invalid_argument("Snapshot.load: there is no array '" + name_of(entry) + "' (layer '" +
                                        entry.record.layer_name + "'); was it another net or optimizer?");
        require_shape(*found->second, entry.record.shape, "Snapshot.load");
    }
    if (by_name.size() != entries_.size())
        throw std::invalid_argument("Snapshot.load: expected " + std::to_string(entries_.size()) +
                                    " arrays, received " + std::to_string(by_name.size()) +
                                    "; was it another net or optimizer?");

    for (Entry& entry : entries_) entry.values = by_name.at(name_of(entry))->values;
    step_count_ = step_count;
    learning_rate_ = learning_rate;
}

}  // namespace eddl_prune::adapter
