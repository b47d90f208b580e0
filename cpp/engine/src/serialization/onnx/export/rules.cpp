#include "serialization/onnx/export/rules.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

#include "eddl/layers/extension.h"

namespace eddl::onnx_io {

namespace {

std::string class_name(const Layer &layer) {
    const char *mangled = typeid(layer).name();
    const std::unique_ptr<char, void (*)(void *)> name(abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr),
                                                       std::free);
    return name ? name.get() : mangled;
}

// What a layer of another library writes with.
class ExtensionNodes : public OnnxNodes {
public:
    explicit ExtensionNodes(LayerWriter &writer) : writer_(writer) {}

    std::string input(std::size_t parent) override { return writer_.input(parent); }
    std::string integers(const std::string &part, const OnnxNodes::Ints &values) override { return writer_.integers(part, values); }
    std::string numbers(const std::string &part, const OnnxNodes::Ints &dims, const std::vector<float> &values) override {
        return writer_.numbers(part, dims, values);
    }
    const Tensor &parameter(std::size_t index) const override { return writer_.parameter_values(index); }
    std::string node(const std::string &part, const std::string &op, const std::vector<std::string> &inputs,
                     const Attributes &attributes) override {
        NodeWriter node = writer_.step(part, op, inputs);
        for (const auto &[name, value] : attributes) node.with(name, value);
        return node;
    }
    void result(const std::string &op, const std::vector<std::string> &inputs) override { writer_.result(op, inputs); }

private:
    LayerWriter &writer_;
};

}  // namespace

std::type_index Rules::class_with_rule(const Layer &layer) const {
    if (rules_.count(typeid(layer)) == 0)
        for (const auto &[base, is_base_of] : bases_)
            if (is_base_of(layer)) return base;
    return typeid(layer);
}

void Rules::write(const Layer &layer, LayerWriter &writer) const {
    if (const auto *extension = dynamic_cast<const ExtensionLayer *>(&layer)) {
        ExtensionNodes nodes(writer);
        extension->write_onnx(nodes);
        return;
    }
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
