#include "graph_reader_values.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

namespace eddl_prune::adapter {

namespace {

using graph::Known;
using Operands = std::vector<Known>;

bool all_known(const Operands& operands) {
    return std::all_of(operands.begin(), operands.end(), [](const Known& operand) { return operand.has_value(); });
}

}  // namespace

Scalar activation_function(const std::string& name, const std::vector<float>& parameters) {
    const auto parameter = [&](std::size_t i) { return static_cast<double>(parameters.at(i)); };
    const auto elu = [](double x, double alpha) { return x > 0.0 ? x : alpha * std::expm1(x); };
    if (name == "relu") return [](double x) { return std::max(x, 0.0); };
    if (name == "sigmoid") return [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
    if (name == "hard_sigmoid") return [](double x) { return std::min(1.0, std::max(0.0, 0.2 * x + 0.5)); };
    if (name == "tanh") return [](double x) { return std::tanh(x); };
    if (name == "exp") return [](double x) { return std::exp(x); };
    if (name == "softplus") return [](double x) { return std::log1p(std::exp(x)); };
    if (name == "softsign") return [](double x) { return x / (1.0 + std::abs(x)); };
    if (name == "thresholded_relu") return [alpha = parameter(0)](double x) { return x > alpha ? x : 0.0; };
    if (name == "leaky_relu") return [alpha = parameter(0)](double x) { return x > 0.0 ? x : alpha * x; };
    if (name == "elu") return [=, alpha = parameter(0)](double x) { return elu(x, alpha); };
    if (name == "selu")
        return [=, alpha = parameter(0), scale = parameter(1)](double x) { return scale * elu(x, alpha); };
    if (name == "linear") return [alpha = parameter(0)](double x) { return alpha * x; };
    return {};
}

graph::ValueOf pointwise(Scalar function) {
    return [function = std::move(function)](const Operands& operands, std::size_t) {
        return operands.front() ? Known(function(*operands.front())) : std::nullopt;
    };
}

graph::ValueOf unchanged() {
    return [](const Operands& operands, std::size_t) { return operands.front(); };
}

graph::ValueOf unchanged_beside(double border) {
    return [border](const Operands& operands, std::size_t) {
        return operands.front() == border ? operands.front() : std::nullopt;
    };
}

graph::ValueOf unchanged_if_not_below(double border) {
    return [border](const Operands& operands, std::size_t) {
        return operands.front() && *operands.front() >= border ? operands.front() : std::nullopt;
    };
}

graph::ValueOf unknown() {
    return [](const Operands&, std::size_t) { return Known(); };
}

graph::ValueOf affine(std::vector<double> scale, std::vector<double> shift) {
    return [scale = std::move(scale), shift = std::move(shift)](const Operands& operands, std::size_t channel) {
        if (scale[channel] == 0.0) return Known(shift[channel]);
        return operands.front() ? Known(scale[channel] * *operands.front() + shift[channel]) : std::nullopt;
    };
}

graph::ValueOf standardized(std::vector<float> gamma, std::vector<float> beta, double epsilon, double times) {
    return [=](const Operands& operands, std::size_t channel) {
        if (!all_known(operands)) return Known();
        const auto count = static_cast<double>(operands.size());
        const auto mean_of = [&](auto function) {
            return std::accumulate(operands.begin(), operands.end(), 0.0,
                                   [&](double sum, const Known& x) { return sum + function(*x); }) /
                   count;
        };
        const double mean = mean_of([](double x) { return x; });
        const double variance = mean_of([=](double x) { return (x - mean) * (x - mean); });
        const std::size_t member = channel % operands.size();
        const double scale = static_cast<double>(gamma[member]) / std::sqrt(variance + epsilon);
        return Known(scale * (*operands[member] - times * mean) + static_cast<double>(beta[member]));
    };
}

std::vector<Known> common_values(const float* array, std::size_t rows, std::size_t columns, bool masked) {
    std::vector<Known> common;
    for (std::size_t c = 0; c < columns; ++c) {
        const float first = masked ? 0.0f : array[c];
        std::size_t row = 0;
        while (row < rows && array[row * columns + c] == first) ++row;
        common.push_back(row == rows ? Known(static_cast<double>(first)) : std::nullopt);
    }
    return common;
}

graph::ValueOf columns(std::vector<Known> values) {
    return [values = std::move(values)](const Operands&, std::size_t channel) {
        return values[channel % values.size()];
    };
}

graph::ValueOf folded(double (*function)(double, double)) {
    return [function](const Operands& operands, std::size_t) {
        if (!all_known(operands)) return Known();
        return Known(std::accumulate(operands.begin() + 1, operands.end(), *operands.front(),
                                     [function](double a, const Known& b) { return function(a, *b); }));
    };
}

graph::ValueOf product() {
    return [](const Operands& operands, std::size_t) {
        if (std::find(operands.begin(), operands.end(), Known(0.0)) != operands.end()) return Known(0.0);
        if (!all_known(operands)) return Known();
        return Known(
            std::accumulate(operands.begin(), operands.end(), 1.0, [](double a, const Known& b) { return a * *b; }));
    };
}

graph::ValueOf common() {
    return [](const Operands& operands, std::size_t) {
        const bool same = std::all_of(operands.begin(), operands.end(),
                                      [&](const Known& operand) { return operand == operands.front(); });
        return same ? operands.front() : std::nullopt;
    };
}

}  // namespace eddl_prune::adapter
