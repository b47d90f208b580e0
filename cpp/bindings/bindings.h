// What the binding files share: one register_… function a subject, called by module.cpp.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace eddl_prune::bindings {

namespace py = pybind11;

void register_errors(py::module_& module);
void register_engine(py::module_& module);
void register_optimizers(py::module_& module);
void register_weights(py::module_& module);
void register_frozen_state(py::module_& module);
void register_stats(py::module_& module);
void register_removal(py::module_& module);
void register_kernels(py::module_& module);  // as the submodule _kernels, for tests

// "2.13.6"
inline std::string pybind11_version() {
    return std::to_string(PYBIND11_VERSION_MAJOR) + "." + std::to_string(PYBIND11_VERSION_MINOR) +
           "." PYBIND11_TOSTRING(PYBIND11_VERSION_PATCH);
}

using LayerNames = std::optional<std::vector<std::string>>;

inline const std::vector<std::string>* pointer_to(const LayerNames& names) { return names ? &*names : nullptr; }

// Runs pure C++ with the GIL released; arguments are converted before, the result after.
template <class Work>
auto without_gil(Work work) {
    const py::gil_scoped_release released;
    return work();
}

// A dict in the order of the pairs.
template <class Value, class Convert>
py::dict to_dict(const std::vector<std::pair<std::string, Value>>& pairs, Convert convert) {
    py::dict dict;
    for (const auto& [name, value] : pairs) dict[py::str(name)] = convert(value);
    return dict;
}

}  // namespace eddl_prune::bindings
