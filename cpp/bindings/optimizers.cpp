#include "bindings.h"

#include "eddl_prune/adapter/lobster.h"
#include "eddl_prune/adapter/output_sensitivity.h"
#include "eddl_prune/adapter/serene.h"

namespace eddl_prune::bindings {

namespace {

using adapter::Lobster;
using adapter::OutputSensitivity;
using adapter::Serene;
using adapter::ShrinkingOptimizer;
using adapter::ShrinkingOptions;

template <class Mode>
using ModeNames = std::vector<std::pair<const char*, Mode>>;

const ModeNames<Serene::Mode>& mode_names(Serene::Mode) {
    using Mode = Serene::Mode;
    static const ModeNames<Mode> names{
        {"full", Mode::full}, {"lower-bound", Mode::lower_bound}, {"local", Mode::local}};
    return names;
}

const ModeNames<OutputSensitivity::Mode>& mode_names(OutputSensitivity::Mode) {
    using Mode = OutputSensitivity::Mode;
    static const ModeNames<Mode> names{{"unspecific", Mode::unspecific}, {"specific", Mode::specific}};
    return names;
}

template <class Mode>
Mode mode_of(const std::string& name) {
    std::string allowed;
    for (const auto& [known, mode] : mode_names(Mode{})) {
        if (name == known) return mode;
        allowed += std::string(allowed.empty() ? "'" : ", '") + known + "'";
    }
    throw std::invalid_argument("mode = '" + name + "'; allowed: " + allowed);
}

template <class Mode>
std::string name_of(Mode mode) {
    for (const auto& [name, known] : mode_names(mode))
        if (known == mode) return name;
    return {};
}

// The holder never deletes: as with EDDL's own optimizers the net does, once the optimizer is built into one.
template <class Method>
using MethodClass = py::class_<Method, Optimizer, std::unique_ptr<Method, py::nodelete>>;

template <class Method>
MethodClass<Method> define_method(py::module_& module, const char* name, const char* doc) {
    return MethodClass<Method>(module, name, doc)
        .def_property_readonly("lmbda", &Method::lambda)
        .def("set_lambda", &Method::set_lambda, py::arg("lmbda"), "Changes lmbda from the next step on.")
        .def_property_readonly("biases", [](const Method& self) { return self.options().biases; })
        .def_property_readonly("layers", [](const Method& self) { return self.options().layers; })
        .def_property_readonly("optimizer", &Method::inner, py::return_value_policy::reference_internal,
                               "The wrapped optimizer.")
        .def(
            "_watch",
            [](const Method& self) { return py::cpp_function([life = self.life()] { return !life.expired(); }); },
            "A function that tells, at any time, whether the optimizer still exists.");
}

// Those that have modes and derive outputs.
template <class Method>
void define_output_method(py::module_& module, const char* name, const char* doc) {
    using Mode = typename Method::Mode;
    define_method<Method>(module, name, doc)
        .def(py::init([](Optimizer* optimizer, double lambda, const std::string& mode, bool biases, LayerNames layers) {
                 return new Method(optimizer, ShrinkingOptions{lambda, biases, std::move(layers)}, mode_of<Mode>(mode));
             }),
             py::arg("optimizer").none(false), py::arg("lmbda"), py::arg("mode"), py::arg("biases") = true,
             py::arg("layers") = py::none(), py::keep_alive<1, 2>())
        .def_property_readonly("mode", [](const Method& self) { return name_of(self.mode()); })
        .def_property_readonly("passes", &Method::passes, "Extra backward passes of the last step.");
}

}  // namespace

void register_optimizers(py::module_& module) {
    define_method<Lobster>(module, "LOBSTER",
                           "An EDDL optimizer that wraps another one; after its step "
                           "w -= lmbda * w * max(0, 1 - |dL/dw|) on the weights of trainable layers.")
        .def(py::init([](Optimizer* optimizer, double lambda, bool biases, LayerNames layers) {
                 return new Lobster(optimizer, ShrinkingOptions{lambda, biases, std::move(layers)});
             }),
             py::arg("optimizer").none(false), py::arg("lmbda"), py::arg("biases") = true,
             py::arg("layers") = py::none(), py::keep_alive<1, 2>());
    define_output_method<Serene>(module, "SeReNe",
                                 "The same with the outputs' sensitivity to the neuron in place of |dL/dw|.");
    define_output_method<OutputSensitivity>(
        module, "OutputSensitivity", "The same with the outputs' sensitivity to the weight in place of |dL/dw|.");
}

}  // namespace eddl_prune::bindings
