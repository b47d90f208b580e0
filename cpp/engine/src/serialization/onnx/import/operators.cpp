#include "serialization/onnx/import/operators.h"

namespace eddl::onnx_io {

namespace {

std::unordered_map<std::string, Operator> all_operators() {
    std::unordered_map<std::string, Operator> operators;
    for (const auto family : {activation_operators, arithmetic_operators, dense_operators, convolution_operators,
                              pooling_operators, normalization_operators, shape_operators, selection_operators,
                              resizing_operators, reduction_operators, recurrent_operators})
        for (const Operator& entry : family()) operators.emplace(entry.name, entry);
    return operators;
}

std::unordered_map<std::string, Fold> all_folds() {
    std::unordered_map<std::string, Fold> folds;
    for (const Folding& entry : folding_operators()) folds.emplace(entry.name, entry.fold);
    return folds;
}

}  // namespace

const Operator* find_operator(const std::string& op) {
    static const auto operators = all_operators();
    const auto found = operators.find(op);
    return found == operators.end() ? nullptr : &found->second;
}

Fold find_fold(const std::string& op) {
    static const auto folds = all_folds();
    const auto found = folds.find(op);
    return found == folds.end() ? nullptr : found->second;
}

}  // namespace eddl::onnx_io
