// What there is for each operator of ONNX.
#pragma once

#include <string>
#include <unordered_map>

#include "serialization/onnx/import/translation.h"

namespace eddl::onnx_io {

// The values of a node's outputs, of which one at least of the inputs is a layer. Outputs that nobody reads may be left
// out.
using Handler = Values (*)(Translation& translation, const Node& node);
// The outputs of a node whose inputs are all known; a left-out one is null.
using Arguments = std::vector<const Constant*>;
using Fold = Constant (*)(const Node& node, const Arguments& inputs);

// What an operator makes of layers that are one time step of a sequence.
enum class Steps {
    NONE,  // refused
    EACH,  // the same as of others: what it does to a step, it does to all
    OWN    // the handler says; it gives its values their lead
};
struct Operator {
    const char* name;
    Handler handler;
    Steps steps = Steps::NONE;
};
struct Folding {
    const char* name;
    Fold fold;
};

// nullptr where the operator is not covered.
const Operator* find_operator(const std::string& op);
Fold find_fold(const std::string& op);

// One list a family; each in the file of its name.
using Operators = std::vector<Operator>;
Operators activation_operators();
Operators arithmetic_operators();
Operators dense_operators();
Operators convolution_operators();
Operators pooling_operators();
Operators normalization_operators();
Operators shape_operators();
Operators selection_operators();
Operators resizing_operators();
Operators reduction_operators();
Operators recurrent_operators();
std::vector<Folding> folding_operators();

}  // namespace eddl::onnx_io
