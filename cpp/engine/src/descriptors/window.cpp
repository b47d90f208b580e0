#include <algorithm>
#include <limits>

#include "eddl/descriptors/descriptors.h"
#include "errors.h"

using eddl::invalid;

namespace {

constexpr int FIRST_SPATIAL_AXIS = 2;  // after batch and channels

bool pads_to_same(const std::string& padding) { return padding == "same" || padding == "zeros"; }
bool pads_nothing(const std::string& padding) { return padding == "valid" || padding == "none"; }

// "same,none" is "same" for depth and rows and "none" for the columns.
std::string along_axis(const std::string& padding, bool row) {
    if (padding == "same,none") return row ? "same" : "none";
    if (padding == "none,same") return row ? "none" : "same";
    return padding;
}

void check_padding_name(const std::string& function, const std::string& padding) {
    if (!pads_to_same(padding) && !pads_nothing(padding)) {
        invalid(function, "expected padding valid, none, same or zeros, received '", padding, "'");
    }
}

// Sizes come from scripts: products of them may not fit.
using Size = long long;

int checked(const char* function, Size size) {
    if (size > std::numeric_limits<int>::max()) invalid(function, "a size of ", size, " is too large");
    return static_cast<int>(size);
}

Size extent(int kernel_size, int dilation_rate) { return (kernel_size - Size{1}) * dilation_rate + 1; }

// Where a transposed convolution's window ends, from where it begins.
Size spread(int input_size, int kernel_size, int stride, int dilation_rate) {
    return (input_size - Size{1}) * stride + extent(kernel_size, dilation_rate);
}

std::vector<int> halves(const char* function, Size total) {
    const int pads = checked(function, std::max(total, Size{0}));
    return {pads / 2, pads - pads / 2};
}

std::string axes_text(int axes) { return axes == 3 ? "three positive numbers (depth, rows, columns)"
                                                   : "two positive numbers (rows, columns)"; }

}  // namespace

int WindowDescriptor::compute_output(const std::string& padding, int input_size, int kernel_size, int stride,
                                     int dilation_rate) {
    check_padding_name("compute_output", padding);
    if (pads_to_same(padding)) return checked("compute_output", (Size{input_size} + stride - 1) / stride);
    return compute_output(std::vector<int>{0, 0}, input_size, kernel_size, stride, dilation_rate);
}

int WindowDescriptor::compute_output(std::vector<int> padding, int input_size, int kernel_size, int stride,
                                     int dilation_rate) {
    const Size room = Size{input_size} + padding.at(0) + padding.at(1) - extent(kernel_size, dilation_rate);
    return room < 0 ? 0 : checked("compute_output", room / stride + 1);
}

std::vector<int> WindowDescriptor::compute_padding(int output_size, int input_size, int kernel_size, int stride,
                                                   std::string padding, bool row, int dilation_rate) {
    const std::string kind = along_axis(padding, row);
    check_padding_name("compute_padding", kind);
    if (pads_nothing(kind)) return {0, 0};
    return halves("compute_padding", spread(output_size, kernel_size, stride, dilation_rate) - input_size);
}

int TransposedDescriptor::compute_output(const std::string& padding, int input_size, int kernel_size, int stride,
                                         int dilation_rate) {
    check_padding_name("compute_output", padding);
    const Size same = Size{input_size} * stride;
    return checked("compute_output", pads_to_same(padding) ? same : same + extent(kernel_size, dilation_rate) - 1);
}

int TransposedDescriptor::compute_output(std::vector<int> padding, int input_size, int kernel_size, int stride,
                                         int dilation_rate) {
    const Size all = checked("compute_output", spread(input_size, kernel_size, stride, dilation_rate));
    return checked("compute_output", std::max(all - padding.at(0) - padding.at(1), Size{0}));
}

std::vector<int> TransposedDescriptor::compute_padding(int output_size, int input_size, int kernel_size, int stride,
                                                       std::string padding, bool row, int dilation_rate) {
    return WindowDescriptor::compute_padding(input_size, output_size, kernel_size, stride, padding, row, dilation_rate);
}

WindowDescriptor::WindowDescriptor(const char* function, int axes, Direction direction, const std::vector<int>& stride,
                                   const std::string& padding, const std::vector<int>& pads, int mem)
    : function(function), stride(stride), padding(padding), pads(pads), mem_level(mem), axes_(axes),
      direction_(direction) {}

void WindowDescriptor::resize(int b) {
    O->resize(b);
    in = b;
}

std::vector<int> WindowDescriptor::output_shape() const {
    return axes_ == 3 ? std::vector<int>{in, z, d, r, c} : std::vector<int>{in, z, r, c};
}

void WindowDescriptor::check_pads() const {
    bool fine = pads.size() == 2 * stride.size();
    for (std::size_t i = 0; fine && i < pads.size(); ++i) {
        const bool may_grow = direction_ == Direction::transposed && i % 2 == 1;
        fine = pads[i] >= (may_grow ? 1 - stride[i / 2] : 0);
    }
    if (!fine) {
        invalid(function, "expected ", axes_ == 3 ? "six pads (front, back, top, bottom, left, right)"
                                                  : "four pads (top, bottom, left, right)",
                " of at least 0, received ", pads);
    }
}

void WindowDescriptor::set_geometry(const std::vector<int>& input_shape, const std::vector<int>& kernel,
                                    const std::vector<int>& dilation) {
    if (input_shape.size() != static_cast<std::size_t>(FIRST_SPATIAL_AXIS + axes_)) {
        invalid(function, "expected an input [batch, channels, ", axes_ == 3 ? "depth, " : "",
                "rows, columns], received shape ", input_shape);
    }
    const auto check_positive = [this](const char* what, const std::vector<int>& values) {
        const bool fine = values.size() == static_cast<std::size_t>(axes_) &&
                          *std::min_element(values.begin(), values.end()) > 0;
        if (!fine) invalid(function, "expected ", what, " of ", axes_text(axes_), ", received ", values);
    };
    check_positive("a kernel", kernel);
    check_positive("strides", stride);
    check_positive("dilation", dilation);
    if (padding == "custom") check_pads();
    else check_padding_name(function, along_axis(padding, true));

    const std::vector<int> from(input_shape.begin() + FIRST_SPATIAL_AXIS, input_shape.end());
    std::vector<int> out, before, after;
    for (int axis = 0; axis < axes_; ++axis) {
        const bool row = axis + 1 < axes_;
        const int i = from[axis], k = kernel[axis], s = stride[axis], rate = dilation[axis];
        const bool transposed = direction_ == Direction::transposed;
        const auto output_of = [=](const auto& how) {
            return transposed ? TransposedDescriptor::compute_output(how, i, k, s, rate)
                              : compute_output(how, i, k, s, rate);
        };
        const auto padding_of = transposed ? TransposedDescriptor::compute_padding : compute_padding;
        std::vector<int> both;
        if (padding == "custom") {
            both = {pads[2 * axis], pads[2 * axis + 1]};
            out.push_back(output_of(both));
        } else {
            out.push_back(output_of(along_axis(padding, row)));
            both = padding_of(out[axis], i, k, s, padding, row, rate);
        }
        before.push_back(both[0]);
        after.push_back(both[1]);
    }
    if (padding != "custom") {
        pads.clear();
        for (int axis = 0; axis < axes_; ++axis) pads.insert(pads.end(), {before[axis], after[axis]});
    }
    if (*std::min_element(out.begin(), out.end()) < 1) {
        invalid(function, "a kernel of ", kernel, " with dilation ", dilation, " and pads ", pads,
                " does not fit into an input of shape ", input_shape);
    }

    const auto name = [this](const std::vector<int>& sizes, int& depth, int& rows, int& columns) {
        if (axes_ == 3) depth = sizes.front();
        rows = sizes[axes_ - 2];
        columns = sizes[axes_ - 1];
    };
    in = input_shape[0], iz = input_shape[1];
    name(from, id, ir, ic);
    name(kernel, kd, kr, kc);
    name(stride, sd, sr, sc);
    name(out, d, r, c);
    name(before, paddf, padrt, padcl);
    name(after, paddb, padrb, padcr);
}
