// How each layer class is written: one rule a class, one file a family.
#pragma once

#include <functional>
#include <typeindex>
#include <unordered_map>

#include "serialization/onnx/export/writer.h"

namespace eddl::onnx_io {

class Rules {
public:
    // Exactly the class L; subclasses have rules of their own.
    template <typename L>
    void add(void (*rule)(const L &, LayerWriter &)) {
        rules_[typeid(L)] = [rule](const Layer &layer, LayerWriter &writer) {
            rule(static_cast<const L &>(layer), writer);
        };
    }

    // Writes the layer; std::invalid_argument, naming it and its class, if there is no rule for it.
    void write(const Layer &layer, LayerWriter &writer) const;

private:
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
