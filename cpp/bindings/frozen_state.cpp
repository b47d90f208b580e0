#include "bindings.h"

#include <pybind11/numpy.h>

#include "eddl_prune/adapter/frozen_state.h"
#include "eddl_prune/adapter/training_state.h"

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

template <class Value>
py::dict dict_of(const adapter::NamedArrays<Value>& arrays) {
    py::dict dict;
    for (const adapter::NamedArray<Value>& array : arrays)
        dict[py::str(array.name)] = py::array_t<Value>(array.shape, array.values.data());
    return dict;
}

template <class Value>
adapter::NamedArrays<Value> arrays_of(const std::map<std::string, py::array_t<Value, py::array::c_style>>& dict) {
    adapter::NamedArrays<Value> arrays;
    for (const auto& [name, array] : dict)
        arrays.push_back({name, std::vector<int>(array.shape(), array.shape() + array.ndim()),
                          std::vector<Value>(array.data(), array.data() + array.size())});
    return arrays;
}

}  // namespace

void register_frozen_state(py::module_& module) {
    using adapter::Mask;
    using adapter::Snapshot;
    const auto released = py::call_guard<py::gil_scoped_release>();
    register_state<Mask>(module, "Mask", "biases",
                         "The zeros of a net's convolutions and dense layers, to be kept zero.")
        .def("apply", &Mask::apply, released, "Zeroes them again, and the optimizer's momentum there.")
        .def_property_readonly("count", &Mask::count, "How many zeros were captured.")
        .def(
            "arrays", [](const Mask& self) { return dict_of(self.arrays()); },
            "{'layer.parameter', by positions: uint8 array, 1 where a zero is held}.")
        .def(
            "load",
            [](Mask& self, const std::map<std::string, py::array_t<std::uint8_t, py::array::c_style>>& arrays) {
                self.load(arrays_of(arrays));
            },
            py::arg("arrays"), "Holds the zeros of what arrays() returned instead.");
    register_state<Snapshot>(module, "Snapshot", "optimizer",
                             "A deep copy of a net's parameters and its optimizer's state.")
        .def("restore", &Snapshot::restore, released, "Writes the copy back into the net.")
        .def_property_readonly("step_count", &Snapshot::step_count)
        .def_property_readonly("learning_rate", &Snapshot::learning_rate)
        .def(
            "arrays", [](const Snapshot& self) { return dict_of(self.arrays()); },
            "{'layer.parameter' or 'layer.parameter.moment', by positions: float32 array}.")
        .def(
            "load",
            [](Snapshot& self, const std::map<std::string, py::array_t<float, py::array::c_style>>& arrays,
               int step_count, float rate) { self.load(arrays_of(arrays), step_count, rate); },
            py::arg("arrays"), py::arg("step_count"), py::arg("learning_rate"),
            "Holds the values of what arrays() returned instead.");
    module.def("learning_rate", &adapter::learning_rate, py::arg("net").none(false));
    module.def("set_learning_rate", &adapter::set_learning_rate, py::arg("net").none(false), py::arg("rate"));
    module.def("random_state", &adapter::random_state, "Where the engine's random numbers are; None on EDDL.");
    module.def("set_random_state", &adapter::set_random_state, py::arg("state"));
}

}  // namespace eddl_prune::bindings
