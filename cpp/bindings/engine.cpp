#include "bindings.h"

#include "eddl_prune/adapter/errors.h"
#include "eddl_prune/adapter/stats.h"

namespace eddl_prune::bindings {

// std::invalid_argument and std::out_of_range become ValueError and IndexError in pybind11 already.
void register_errors(py::module_& module) {
    py::register_exception<adapter::PruneError>(module, "PruneError", PyExc_RuntimeError);
}

void register_engine(py::module_& module) {
    module.def(
        "engine_info",
        [] {
            const adapter::EngineInfo info = adapter::engine_info();
            py::dict dict;
            dict["engine"] = info.engine;
            dict["version"] = info.version;
            dict["pybind11"] = pybind11_version();
            dict["threads"] = info.threads;
            return dict;
        },
        "The engine this extension runs on, its version, the pybind11 it was built with, and its number of threads.");
}

}  // namespace eddl_prune::bindings
