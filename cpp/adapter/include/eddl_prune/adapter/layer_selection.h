// Which layers of a net a method works on, by name or kind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eddl_prune/adapter/net_view.h"

namespace eddl_prune::adapter {

vlayer layers_of(const std::vector<WeightedLayer>& weighted);

class LayerSelection {
public:
    // Each entry is the name of a convolution or dense layer or, where no layer of the net has that name, a kind:
    // "conv" (any convolution), "conv1d", "conv2d", "conv3d", "convt2d", "convt3d", "dense". None: all of them. Throws
    // std::invalid_argument, opened by `function`, for an empty list.
    LayerSelection(const char* function, std::optional<std::vector<std::string>> entries);

    const std::optional<std::vector<std::string>>& entries() const { return entries_; }

    // The selected ones among `layers`, in their order. Throws std::invalid_argument for an entry that is neither, and
    // where no layer is selected though there are entries; opened by `function`.
    std::vector<WeightedLayer> of(const vlayer& layers, const std::string& function) const;

private:
    std::optional<std::vector<std::string>> entries_;
};

}  // namespace eddl_prune::adapter
