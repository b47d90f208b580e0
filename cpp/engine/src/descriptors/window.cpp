#include <algorithm>

#include "eddl/descriptors/descriptors.h"
#include "errors.h"

using eddl::invalid;

namespace {

bool pads_to_same(const std::string& padding) { return padding == "same" || padding == "zeros"; }
bool pads_nothing(const std::string& padding) { return padding == "valid" || padding == "none"; }

// "same,none" is "same" for the rows and "none" for the columns.
std::string along_axis(const std::string& padding, bool row) {
    if (padding == "same,none") return row ? "same" : "none";
    if (padding == "none,same") return row ? "none" : "same";
    return padding;
}

void check_padding_name(const char* function, const std::string& padding) {
    if (!pads_to_same(padding) && !pads_nothing(padding)) {
        invalid(function, "expected padding valid, none, same or zeros, received '", padding, "'");
    }
}

int extent(int kernel_size, int dilation_rate) { return (kernel_size - 1) * dilation_rate + 1; }

void check_positive(const char* function, const char* what, const std::vector<int>& values) {
    const bool fine = values.size() == 2 && std::all_of(values.begin(), values.end(), [](int v) { return v > 0; });
    if (!fine) invalid(function, "expected ", what, " of two positive numbers (rows, columns), received ", values);
}

void check_pads(const char* function, const std::vector<int>& pads) {
    const bool fine = pads.size() == 4 && std::all_of(pads.begin(), pads.end(), [](int v) { return v >= 0; });
    if (!fine) {
        invalid(function, "expected four pads (top, bottom, left, right) of at least 0, received ", pads);
    }
}

}  // namespace

int WindowDescriptor::compute_output(const std::string& padding, int input_size, int kernel_size, int stride,
                                     int dilation_rate) {
    check_padding_name("compute_output", padding);
    if (pads_to_same(padding)) return (input_size + stride - 1) / stride;
    return compute_output(std::vector<int>{0, 0}, input_size, kernel_size, stride, dilation_rate);
}

int WindowDescriptor::compute_output(std::vector<int> padding, int input_size, int kernel_size, int stride,
                                     int dilation_rate) {
    const int room = input_size + padding.at(0) + padding.at(1) - extent(kernel_size, dilation_rate);
    return room < 0 ? 0 : room / stride + 1;
}

std::vector<int> WindowDescriptor::compute_padding(int output_size, int input_size, int kernel_size, int stride,
                                                   std::string padding, bool row, int dilation_rate) {
    const std::string kind = along_axis(padding, row);
    check_padding_name("compute_padding", kind);
    if (pads_nothing(kind)) return {0, 0};
    const int total = std::max((output_size - 1) * stride + extent(kernel_size, dilation_rate) - input_size, 0);
    return {total / 2, total - total / 2};
}

void WindowDescriptor::set_geometry(const char* function, const std::vector<int>& input_shape,
                                    const std::vector<int>& kernel, const std::vector<int>& dilation,
                                    std::vector<int>& pads) {
    if (input_shape.size() != 4) {
        invalid(function, "expected an input [batch, channels, rows, columns], received shape ", input_shape);
    }
    check_positive(function, "a kernel", kernel);
    check_positive(function, "strides", stride);
    check_positive(function, "dilation", dilation);
    if (padding == "custom") check_pads(function, pads);
    else check_padding_name(function, along_axis(padding, true));

    in = input_shape[0], iz = input_shape[1], ir = input_shape[2], ic = input_shape[3];
    kr = kernel[0], kc = kernel[1];
    sr = stride[0], sc = stride[1];
    if (padding == "custom") {
        r = compute_output(std::vector<int>{pads[0], pads[1]}, ir, kr, sr, dilation[0]);
        c = compute_output(std::vector<int>{pads[2], pads[3]}, ic, kc, sc, dilation[1]);
    } else {
        r = compute_output(along_axis(padding, true), ir, kr, sr, dilation[0]);
        c = compute_output(along_axis(padding, false), ic, kc, sc, dilation[1]);
        const std::vector<int> rows = compute_padding(r, ir, kr, sr, padding, true, dilation[0]);
        const std::vector<int> columns = compute_padding(c, ic, kc, sc, padding, false, dilation[1]);
        pads = {rows[0], rows[1], columns[0], columns[1]};
    }
    padrt = pads[0], padrb = pads[1], padcl = pads[2], padcr = pads[3];
    if (r < 1 || c < 1) {
        invalid(function, "a kernel of ", kernel, " with dilation ", dilation, " and pads ", pads,
                " does not fit into an input of shape ", input_shape);
    }
}
