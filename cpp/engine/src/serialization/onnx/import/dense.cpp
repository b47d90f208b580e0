// Matrix products.
#include <numeric>

#include "apis/make.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/merge/layer_merge.h"
#include "serialization/onnx/import/operators.h"
#include "serialization/onnx/import/pieces.h"

namespace eddl::onnx_io {

namespace {

struct Matrix {
    std::int64_t rows = 0, columns = 0;
    Floats values;

    Matrix transposed() const {
        Matrix result{columns, rows, Floats(values.size())};
        for (std::int64_t r = 0; r < rows; ++r)
            for (std::int64_t c = 0; c < columns; ++c)
                result.values[static_cast<std::size_t>(c * rows + r)] =
                    values[static_cast<std::size_t>(r * columns + c)];
        return result;
    }
};

Matrix matrix(const Node& node, const Constant& constant) {
    Ints dims = constant.dims;
    while (dims.size() > 2 && dims[0] == 1) dims.erase(dims.begin());
    if (dims.size() != 2) refuse(node, "expected a matrix, received a constant of shape ", constant.dims);
    return {dims[0], dims[1], constant.floats()};
}

void expect_fit(const Node& node, const Value& x, std::int64_t axis_size, const Matrix& weights) {
    if (x.sample.empty() || axis_size != weights.rows) {
        refuse(node, "a sample of shape ", x.sample, " does not fit a matrix of ", weights.rows, " by ",
               weights.columns);
    }
}

// A constant that a bias of `outputs` numbers can be made of: one for all, or one each.
bool as_bias(const Constant& constant, std::int64_t outputs, Floats& bias) {
    const Ints& dims = constant.dims;
    if (constant.size() == 0 || static_cast<std::int64_t>(constant.size()) != (dims.empty() ? 1 : dims.back()))
        return false;
    bias = constant.floats();
    if (bias.size() == 1) bias.assign(static_cast<std::size_t>(outputs), bias[0]);
    return static_cast<std::int64_t>(bias.size()) == outputs;
}

// Y = alpha · A · B + beta · C
Values gemm(Translation& t, const Node& node) {
    const Value& x = t.layer(node, 0);
    if (node.flag("transA", false)) refuse(node, "transA would turn the batch, which is not covered");
    Matrix weights = matrix(node, t.constant(node, 1, "matrix B"));
    if (node.flag("transB", false)) weights = weights.transposed();
    if (x.sample.size() != 1) refuse(node, "expected a sample of one dimension, received shape ", x.sample);
    expect_fit(node, x, x.sample[0], weights);
    const float alpha = node.number("alpha", 1.0f), beta = node.number("beta", 1.0f);
    if (alpha != 1.0f)
        for (float& w : weights.values) w *= alpha;
    if (!node.has_input(2) || beta == 0.0f) return {dense(t, node, x, weights.values, {}, weights.columns, "")};
    Floats bias;
    const Value& c = t.value(node, 2);
    if (c.constant != nullptr) {
        if (!as_bias(*c.constant, weights.columns, bias)) {
            refuse(node, "a bias of shape ", c.constant->dims, " does not fit ", weights.columns, " outputs");
        }
        for (float& b : bias) b *= beta;
        return {dense(t, node, x, weights.values, bias, weights.columns, "")};
    }
    const Value product = dense(t, node, x, weights.values, {}, weights.columns, "product");
    const Value summand =
        spread(t, node, beta == 1.0f ? c : scale_by(t, node, c, beta, 0.0f, "scaled"), product.sample, "wide");
    return {t.add(node, product.sample, "", [&](const std::string& name) {
        return make<LAdd>(vlayer{product.layer, summand.layer}, name);
    })};
}

// A product whose only reader adds a bias is one layer with it.
const Node* bias_reader(Translation& t, const Node& node, std::int64_t outputs, Floats& bias) {
    const Node* reader = t.only_reader(node.outputs[0]);
    if (reader == nullptr || reader->op != "Add" || reader->inputs.size() != 2 || reader->opset < 7) return nullptr;
    const std::string& other = reader->inputs[reader->inputs[0] == node.outputs[0] ? 1 : 0];
    const Constant* constant = t.known(other);
    return constant != nullptr && as_bias(*constant, outputs, bias) && bias.size() > 1 ? reader : nullptr;
}

Values by_weights(Translation& t, const Node& node, const Value& x, const Constant& constant) {
    if (constant.dims.size() == 1) {  // a vector: one output, whose axis goes
        const Value product = dense(t, node, x, constant.floats(), {}, 1, "product");
        return {view(t, node, product, {product.sample.begin(), product.sample.end() - 1}, "")};
    }
    const Matrix weights = matrix(node, constant);
    expect_fit(node, x, x.sample.empty() ? 0 : x.sample.back(), weights);
    Floats bias;
    const Node* reader = bias_reader(t, node, weights.columns, bias);
    Value result = dense(t, node, x, weights.values, bias, weights.columns, "");
    result.lead = x.lead;
    if (reader != nullptr) t.absorb(*reader, result);
    return {result};
}

// W · x is (xᵀ · Wᵀ)ᵀ.
Values from_the_left(Translation& t, const Node& node, const Constant& constant, const Value& x) {
    const Matrix weights = matrix(node, constant).transposed();
    if (x.sample.size() < 2)
        refuse(node, "a constant times a sample of shape ", x.sample, " mixes the samples of a batch");
    const std::size_t rank = x.sample.size();
    expect_fit(node, x, x.sample[rank - 2], weights);
    std::vector<int> turned(rank);
    std::iota(turned.begin(), turned.end(), 0);
    std::swap(turned[rank - 2], turned[rank - 1]);
    const Value columns = permute(t, node, x, turned, "turned");
    return {permute(t, node, dense(t, node, columns, weights.values, {}, weights.columns, "product"), turned, "")};
}

// Two layers, sample by sample.
Values of_layers(Translation& t, const Node& node, const Value& a, const Value& b) {
    const std::size_t rank = a.sample.size();
    if (rank < 2 || b.sample.size() != rank) {
        refuse(node, "samples of shape ", a.sample, " and ", b.sample,
               " are not two matrices, or stacks of them, of one rank");
    }
    const auto stack = [](const Ints& sample) { return Ints(sample.begin(), sample.end() - 2); };
    const Ints stacks = joined(node, stack(a.sample), stack(b.sample));
    const auto spread_stack = [&](const Value& x, const std::string& part) {
        Ints sample = stacks;
        sample.insert(sample.end(), x.sample.end() - 2, x.sample.end());
        return spread(t, node, x, sample, part);
    };
    if (a.sample[rank - 1] != b.sample[rank - 2]) {
        refuse(node, "samples of shape ", a.sample, " and ", b.sample, " cannot be multiplied");
    }
    const Value left = spread_stack(a, "left"), right = spread_stack(b, "right");
    Ints sample = left.sample;
    sample.back() = right.sample.back();
    return {t.add(node, sample, "", [&](const std::string& name) {
        return MatMul({left.layer, right.layer}, name);
    })};
}

Values matmul(Translation& t, const Node& node) {
    const Value &a = t.value(node, 0), &b = t.value(node, 1);
    if (b.constant != nullptr) return by_weights(t, node, a, *b.constant);
    if (a.constant != nullptr) return from_the_left(t, node, *a.constant, b);
    return of_layers(t, node, a, b);
}

}  // namespace

Operators dense_operators() { return {{"Gemm", gemm}, {"MatMul", matmul, Steps::EACH}}; }

}  // namespace eddl::onnx_io
