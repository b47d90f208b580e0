#include "bindings.h"

#include "eddl/net/net.h"

namespace {

namespace py = pybind11;

// The pybind11 internals that live in this interpreter: one a pybind11 ABI in use.
std::string pybind11_abis() {
    std::string abis;
    const py::dict state = py::reinterpret_borrow<py::dict>(py::detail::get_python_state_dict());
    for (const auto& [key, unused] : state) {
        const auto name = py::str(key).cast<std::string>();
        if (name.find("__pybind11_internals") == 0) abis += (abis.empty() ? "" : ", ") + name;
    }
    return abis;
}

// We take and return PyEDDL's own objects, which works only if both sides share pybind11's type registry.
void require_shared_types() {
    const py::module_ pyeddl = py::module_::import("pyeddl._core");
    if (py::detail::get_type_info(typeid(Net)) != nullptr) return;
    throw py::import_error(
        "eddl_prune and pyeddl do not share types: eddl_prune was built with pybind11 " +
        eddl_prune::bindings::pybind11_version() + " (" PYBIND11_INTERNALS_ID "), pyeddl at " +
        py::str(pyeddl.attr("__file__")).cast<std::string>() +
        " with another one (in this process: " + pybind11_abis() +
        "); rebuild one of them with the other's pybind11, the same compiler family and the same libeddl");
}

}  // namespace

PYBIND11_MODULE(_core, module) {
    module.doc() = "Private C++ core of eddl_prune; use the functions of eddl_prune itself.";
    require_shared_types();

    using namespace eddl_prune::bindings;
    for (const auto register_subject : {register_errors, register_engine, register_optimizers, register_weights,
                                        register_frozen_state, register_stats, register_removal, register_kernels})
        register_subject(module);
}
