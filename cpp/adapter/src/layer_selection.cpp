#include "eddl_prune/adapter/layer_selection.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"

namespace eddl_prune::adapter {

namespace {

template <class... Kinds>
bool is_one_of(const Layer* layer) {
    return (... || (dynamic_cast<const Kinds*>(layer) != nullptr));
}

using Predicate = bool (*)(const Layer*);

const std::array<std::pair<const char*, Predicate>, 7> kinds{{
    {"conv", is_one_of<LConv1D, LConv, LConv3D, LConvT2D, LConvT3D>},
    {"conv1d", is_one_of<LConv1D>},
    {"conv2d", is_one_of<LConv>},
    {"conv3d", is_one_of<LConv3D>},
    {"convt2d", is_one_of<LConvT2D>},
    {"convt3d", is_one_of<LConvT3D>},
    {"dense", is_one_of<LDense>},
}};

std::string quoted_list(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
    return text;
}

std::vector<std::string> names_of(const std::vector<WeightedLayer>& layers) {
    std::vector<std::string> names;
    for (const WeightedLayer& layer : layers) names.push_back(layer.name());
    return names;
}

std::vector<std::string> kind_names() {
    std::vector<std::string> names;
    for (const auto& [name, unused] : kinds) names.emplace_back(name);
    return names;
}

}  // namespace

vlayer layers_of(const std::vector<WeightedLayer>& weighted) {
    vlayer layers;
    for (const WeightedLayer& layer : weighted) layers.push_back(layer.layer);
    return layers;
}

LayerSelection::LayerSelection(const char* function, std::optional<std::vector<std::string>> entries)
    : entries_(std::move(entries)) {
    if (entries_ && entries_->empty())
        throw std::invalid_argument(std::string(function) +
                                    ": layers is empty; allowed: names of layers, kinds (" + quoted_list(kind_names()) +
                                    "), or None for all");
}

std::vector<WeightedLayer> LayerSelection::of(const vlayer& layers, const std::string& function) const {
    std::vector<WeightedLayer> weighted;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const WeightedLayer described = describe_weights(layers[i], i);
        if (described.weight != nullptr) weighted.push_back(described);
    }
    if (!entries_) return weighted;

    std::vector<char> chosen(weighted.size(), 0);
    for (const std::string& entry : *entries_) {
        const auto choose = [&](auto fits) {
            bool any = false;
            for (std::size_t i = 0; i < weighted.size(); ++i)
                if (fits(weighted[i])) {
                    chosen[i] = 1;
                    any = true;
                }
            return any;
        };
        if (choose([&](const WeightedLayer& layer) { return layer.name() == entry; })) continue;
        const auto* const kind =
            std::find_if(kinds.begin(), kinds.end(), [&](const auto& known) { return known.first == entry; });
        if (kind == kinds.end())
            throw std::invalid_argument(function + ": layers has '" + entry + "'; allowed: the names " +
                                        quoted_list(names_of(weighted)) + " and the kinds " +
                                        quoted_list(kind_names()));
        choose([&](const WeightedLayer& layer) { return kind->second(layer.layer); });
    }
    std::vector<WeightedLayer> selected;
    for (std::size_t i = 0; i < weighted.size(); ++i)
        if (chosen[i] != 0) selected.push_back(weighted[i]);
    if (selected.empty())
        throw std::invalid_argument(function + ": the net has no layer of layers = " + quoted_list(*entries_) +
                                    "; it has " + quoted_list(names_of(weighted)));
    return selected;
}

}  // namespace eddl_prune::adapter
