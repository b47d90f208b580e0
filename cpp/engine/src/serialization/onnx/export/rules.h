// How each layer class is written: one rule a class, one file a family.
#pragma once

#include <functional>
#include <typeindex>
#include <unordered_map>

#include "serialization/onnx/export/writer.h"

namespace eddl::onnx_io {

class Rules {
public:
    // The class L, and those derived from it that have no rule of their own: other libraries', and the binding's.
    template <typename L>
    void add(void (*rule)(const L &, LayerWriter &)) {
        rules_[typeid(L)] = [rule](const Layer &layer, LayerWriter &writer) {
            rule(static_cast<const L &>(layer), writer);
        };
        bases_.emplace_back(typeid(L), [](const Layer &layer) { return dynamic_cast<const L *>(&layer) != nullptr; });
    }

    // Writes the layer; std::invalid_argument, naming it and its class, if there is no rule for it.
    void write(const Layer &layer, LayerWriter &writer) const;

private:
    std::type_index class_with_rule(const Layer &layer) const;

    std::vector<std::pair<std::type_index, bool (*)(const Layer &)>> bases_;  // a class and whether a layer is of it
    std::unordered_map<std::type_index, std::function<void(const Layer &, LayerWriter &)>> rules_;
};

void add_activation_rules(Rules &rules);
void add_arithmetic_rules(Rules &rules);
void add_core_rules(Rules &rules);
void add_image_rules(Rules &rules);
void add_normalization_rules(Rules &rules);
void add_recurrent_rules(Rules &rules);
void add_reduction_rules(Rules &rules);
void add_shape_rules(Rules &rules);
void add_source_rules(Rules &rules);
void add_window_rules(Rules &rules);

// All of them.
const Rules &all_rules();

}  // namespace eddl::onnx_io
