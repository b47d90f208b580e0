#include "bindings.h"

#include "eddl_prune/adapter/frozen_state.h"

namespace eddl_prune::bindings {

namespace {

// Both kinds: made of a net that they keep alive, and a flag.
template <class State>
py::class_<State> register_state(py::module_& module, const char* name, const char* flag, const char* doc) {
    return py::class_<State>(module, name, doc)
        .def(py::init(
                 [](Net* net, bool value) { return without_gil([&] { return std::make_unique<State>(net, value); }); }),
             py::arg("net").none(false), py::arg(flag) = true, py::keep_alive<1, 2>());
}

}  // namespace

void register_frozen_state(py::module_& module) {
    using adapter::Mask;
    using adapter::Snapshot;
    const auto released = py::call_guard<py::gil_scoped_release>();
    register_state<Mask>(module, "Mask", "biases",
                         "The zeros of a net's convolutions and dense layers, to be kept zero.")
        .def("apply", &Mask::apply, released, "Zeroes them again, and the optimizer's momentum there.")
        .def_property_readonly("count", &Mask::count, "How many zeros were captured.");
    register_state<Snapshot>(module, "Snapshot", "optimizer",
                             "A deep copy of a net's parameters and its optimizer's state.")
        .def("restore", &Snapshot::restore, released, "Writes the copy back into the net.");
}

}  // namespace eddl_prune::bindings
