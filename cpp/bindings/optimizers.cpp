#include "bindings.h"

#include "eddl_prune/adapter/lobster.h"

namespace eddl_prune::bindings {

void register_optimizers(py::module_& module) {
    using adapter::Lobster;
    // The holder never deletes: as with EDDL's own optimizers the net does, once the optimizer is built into one.
    py::class_<Lobster, Optimizer, std::unique_ptr<Lobster, py::nodelete>>(
        module, "LOBSTER",
        "An EDDL optimizer that wraps another one; after its step w -= lmbda * w * max(0, 1 - |dL/dw|) on the weights "
        "of "
        "trainable convolutions and dense layers.")
        .def(py::init<Optimizer*, double, bool>(), py::arg("optimizer").none(false), py::arg("lmbda"),
             py::arg("biases") = true, py::keep_alive<1, 2>())
        .def_property_readonly("lmbda", &Lobster::lambda)
        .def("set_lambda", &Lobster::set_lambda, py::arg("lmbda"), "Changes lmbda from the next step on.")
        .def_property_readonly("biases", &Lobster::biases)
        .def_property_readonly("optimizer", &Lobster::inner, py::return_value_policy::reference_internal,
                               "The wrapped optimizer.")
        .def(
            "_watch",
            [](const Lobster& self) { return py::cpp_function([life = self.life()] { return !life.expired(); }); },
            "A function that tells, at any time, whether the optimizer still exists.");
}

}  // namespace eddl_prune::bindings
