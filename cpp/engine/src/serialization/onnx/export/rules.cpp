#include "serialization/onnx/export/rules.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace eddl::onnx_io {

namespace {

std::string class_name(const Layer &layer) {
    const char *mangled = typeid(layer).name();
    const std::unique_ptr<char, void (*)(void *)> name(abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr),
                                                       std::free);
    return name ? name.get() : mangled;
}

}  // namespace

std::type_index Rules::class_with_rule(const Layer &layer) const {
    if (rules_.count(typeid(layer)) == 0)
        for (const auto &[base, is_base_of] : bases_)
            if (is_base_of(layer)) return base;
    return typeid(layer);
}

void Rules::write(const Layer &layer, LayerWriter &writer) const {
    const auto found = rules_.find(class_with_rule(layer));
    if (found == rules_.end()) writer.refuse("layers of class " + class_name(layer) + " have no ONNX form");
    found->second(layer, writer);
}

const Rules &all_rules() {
    static const Rules rules = [] {
        Rules all;
        add_activation_rules(all);
        add_arithmetic_rules(all);
        add_core_rules(all);
        add_image_rules(all);
        add_normalization_rules(all);
        add_recurrent_rules(all);
        add_reduction_rules(all);
        add_shape_rules(all);
        add_source_rules(all);
        add_window_rules(all);
        return all;
    }();
    return rules;
}

}  // namespace eddl::onnx_io
