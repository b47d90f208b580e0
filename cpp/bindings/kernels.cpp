// The kernels on NumPy arrays, for tests and benchmarks. In-place arguments must be C-contiguous and of the right type
// (TypeError otherwise): a silent copy would swallow the result.
#include "bindings.h"

#include <functional>
#include <numeric>
#include <stdexcept>

#include <pybind11/numpy.h>

#include "eddl_prune/kernels/channels.h"
#include "eddl_prune/kernels/elementwise.h"
#include "eddl_prune/kernels/sensitivity.h"

namespace eddl_prune::bindings {

namespace {

using Floats = py::array_t<float, py::array::c_style>;
using Doubles = py::array_t<double, py::array::c_style>;
using Bytes = py::array_t<std::uint8_t, py::array::c_style>;
using Indices = std::vector<std::size_t>;

std::size_t size_of(const py::array& array) { return static_cast<std::size_t>(array.size()); }

void require_same_size(const py::array& a, const py::array& b) {
    if (a.size() != b.size())
        throw std::invalid_argument("arrays of " + std::to_string(a.size()) + " and " + std::to_string(b.size()) +
                                    " elements");
}

kernels::AxisShape axis_shape(const py::array& array, py::ssize_t axis) {
    if (axis < 0 || axis >= array.ndim())
        throw std::out_of_range("axis " + std::to_string(axis) + " of " + std::to_string(array.ndim()));
    const auto product = [&](py::ssize_t begin, py::ssize_t end) {
        return static_cast<std::size_t>(
            std::accumulate(array.shape() + begin, array.shape() + end, py::ssize_t{1}, std::multiplies<>()));
    };
    return {product(0, axis), static_cast<std::size_t>(array.shape(axis)), product(axis + 1, array.ndim())};
}

void require_channels(const Indices& channels, std::size_t extent) {
    for (const std::size_t channel : channels)
        if (channel >= extent)
            throw std::out_of_range("channel " + std::to_string(channel) + " of " + std::to_string(extent));
}

template <class Step>
void define_step(py::module_& module, const char* name, Step step) {
    module.def(
        name,
        [step](Floats w, const Floats& g, float lambda) {
            require_same_size(w, g);
            step(w.mutable_data(), g.data(), size_of(w), lambda);
        },
        py::arg("w").noconvert(), py::arg("g").noconvert(), py::arg("lmbda"));
}

template <class Step>
void define_neuron_step(py::module_& module, const char* name, Step step) {
    module.def(
        name,
        [step](Floats w, py::ssize_t axis, const Floats& s, float lambda) {
            const kernels::AxisShape shape = axis_shape(w, axis);
            if (size_of(s) != shape.extent) throw std::invalid_argument("s does not fit w's axis");
            step(w.mutable_data(), shape, s.data(), lambda);
        },
        py::arg("w").noconvert(), py::arg("axis"), py::arg("s").noconvert(), py::arg("lmbda"));
}

template <class Add>
void define_absolute_sum(py::module_& module, const char* name, Add add) {
    module.def(
        name,
        [add](Floats sum, const Floats& src) {
            require_same_size(sum, src);
            add(sum.mutable_data(), src.data(), size_of(sum));
        },
        py::arg("sum").noconvert(), py::arg("src").noconvert());
}

template <class Add>
void define_channel_sums(py::module_& module, const char* name, Add add) {
    module.def(
        name,
        [add](const Floats& src, py::ssize_t axis, Doubles sums) {
            const kernels::AxisShape shape = axis_shape(src, axis);
            if (size_of(sums) != shape.extent) throw std::invalid_argument("sums does not fit src's axis");
            add(src.data(), shape, sums.mutable_data());
        },
        py::arg("src"), py::arg("axis"), py::arg("sums").noconvert());
}

void define_sensitivity(py::module_& module) {
    define_step(module, "lobster_step", kernels::lobster_step);
    define_step(module, "lobster_step_squared", kernels::lobster_step_squared);
    define_step(module, "reference_lobster_step", kernels::reference::lobster_step);
    define_neuron_step(module, "neuron_step", kernels::neuron_step);
    define_neuron_step(module, "reference_neuron_step", kernels::reference::neuron_step);
    define_absolute_sum(module, "add_absolute", kernels::add_absolute);
    define_absolute_sum(module, "reference_add_absolute", kernels::reference::add_absolute);
    define_channel_sums(module, "add_channel_absolute_sums", kernels::add_channel_absolute_sums);
    define_channel_sums(module, "reference_add_channel_absolute_sums", kernels::reference::add_channel_absolute_sums);
    define_channel_sums(module, "add_channel_nonzero_counts", kernels::add_channel_nonzero_counts);
    define_channel_sums(module, "reference_add_channel_nonzero_counts",
                        kernels::reference::add_channel_nonzero_counts);
}

void define_counts(py::module_& module) {
    module.def("count_nonzero", [](const Floats& src) { return kernels::count_nonzero(src.data(), size_of(src)); });
    module.def("count_nonfinite", [](const Floats& src) { return kernels::count_nonfinite(src.data(), size_of(src)); });
    module.def("is_all_zero_bits",
               [](const Floats& src) { return kernels::is_all_zero_bits(src.data(), size_of(src)); });
    module.def("count_below", [](const Floats& src, float threshold) {
        return kernels::count_below(src.data(), size_of(src), threshold);
    });
    module.def(
        "zero_below",
        [](Floats dst, float threshold) { return kernels::zero_below(dst.mutable_data(), size_of(dst), threshold); },
        py::arg("dst").noconvert(), py::arg("threshold"));
}

void define_masks(py::module_& module) {
    module.def("build_zero_mask", [](const Floats& src) {
        Bytes is_zero(src.size());
        const std::size_t count = kernels::build_zero_mask(src.data(), size_of(src), is_zero.mutable_data());
        return py::make_tuple(is_zero, count);
    });
    module.def(
        "apply_zero_mask",
        [](Floats dst, const Bytes& is_zero) {
            require_same_size(dst, is_zero);
            kernels::apply_zero_mask(dst.mutable_data(), size_of(dst), is_zero.data());
        },
        py::arg("dst").noconvert(), py::arg("is_zero").noconvert());
}

void define_channels(py::module_& module) {
    module.def("channel_square_sums", [](const Floats& src, py::ssize_t axis) {
        const kernels::AxisShape shape = axis_shape(src, axis);
        py::array_t<double> sums(static_cast<py::ssize_t>(shape.extent));
        kernels::channel_square_sums(src.data(), shape, sums.mutable_data());
        return sums;
    });
    module.def("channel_all_zero", [](const Floats& src, py::ssize_t axis) {
        const kernels::AxisShape shape = axis_shape(src, axis);
        Bytes flags(static_cast<py::ssize_t>(shape.extent));
        kernels::channel_all_zero(src.data(), shape, flags.mutable_data());
        return flags;
    });
    module.def(
        "zero_channels",
        [](Floats dst, py::ssize_t axis, const Indices& channels) {
            const kernels::AxisShape shape = axis_shape(dst, axis);
            require_channels(channels, shape.extent);
            return kernels::zero_channels(dst.mutable_data(), shape, channels.data(), channels.size());
        },
        py::arg("dst").noconvert(), py::arg("axis"), py::arg("channels"));
    module.def(
        "compact",
        [](Floats data, std::size_t groups, const Indices& rows, const Indices& columns, std::size_t kept_groups) {
            if (data.ndim() < 2) throw std::invalid_argument("data must have rows and columns");
            const auto extent = [&](py::ssize_t axis) { return static_cast<std::size_t>(data.shape(axis)); };
            kernels::BlockShape shape{extent(0), extent(1) * groups, 1, groups};
            for (py::ssize_t axis = 2; axis < data.ndim(); ++axis) shape.inner *= extent(axis);
            require_channels(rows, shape.rows);
            require_channels(columns, shape.columns);
            kernels::compact(data.mutable_data(), shape,
                             {rows.data(), rows.size(), columns.data(), columns.size(), kept_groups});
        },
        py::arg("data").noconvert(), py::arg("groups"), py::arg("rows"), py::arg("columns"), py::arg("kept_groups"));
}

}  // namespace

void register_kernels(py::module_& module) {
    py::module_ submodule = module.def_submodule("_kernels", "The numeric kernels on NumPy arrays, for tests.");
    define_sensitivity(submodule);
    define_counts(submodule);
    define_masks(submodule);
    define_channels(submodule);
}

}  // namespace eddl_prune::bindings
