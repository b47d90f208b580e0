// What layers make of constants: functions for graph::Derived.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "eddl_prune/graph/graph.h"

namespace eddl_prune::adapter {

using Scalar = std::function<double(double)>;

// EDDL's activations by name, with their parameters; an empty function for one that is not made value by value.
Scalar activation_function(const std::string& name, const std::vector<float>& parameters);

// The same function on every value.
graph::ValueOf pointwise(Scalar function);

// A constant stays what it is: pooling, reshaping, concatenation.
graph::ValueOf unchanged();

// A constant stays only if it has the value that is put beside it: padding.
graph::ValueOf unchanged_beside(double border);

// A constant stays unless it is smaller: the largest of it and that.
graph::ValueOf unchanged_if_not_below(double border);

// Constants do not stay.
graph::ValueOf unknown();

// scale[c] · x + shift[c], which is known where the scale is 0.
graph::ValueOf affine(std::vector<double> scale, std::vector<double> shift);

// γ · (x - times · mean) / √(variance + ε) + β, mean and variance of all operands, of which x is the one with the
// channel's number in its group; γ and β are one a member of a group.
graph::ValueOf standardized(std::vector<float> gamma, std::vector<float> beta, double epsilon, double times);

// What a column of an array [rows, values.size()] holds in all rows, if that is the same everywhere; with masks, 0 in
// some.
std::vector<graph::Known> common_values(const float* array, std::size_t rows, std::size_t columns, bool masked);

// These values, over and over, whatever the operands are.
graph::ValueOf columns(std::vector<graph::Known> values);

// A function of two values, folded over all operands from the left.
graph::ValueOf folded(double (*function)(double, double));

// The product, which is 0 where one factor is.
graph::ValueOf product();

// All operands are the same constant: concatenation along another axis than the channels'.
graph::ValueOf common();

}  // namespace eddl_prune::adapter
