#include <cmath>

#include "eddl/layers/operators/layer_operators.h"
#include "layers/common.h"

using namespace eddl;

OperatorLayer::OperatorLayer(std::string name, int dev, int mem) : Layer(name, dev, mem), binary(0), val(0.0f) {}

void OperatorLayer::addchild(Layer* l) { append_child(l); }

void OperatorLayer::addparent(Layer* l) { append_parent(l); }

std::string OperatorLayer::plot(int c) { return graph_node(name, c, "bisque4", "Beige", "diamond"); }

void OperatorLayer::operate_on(const char* function, Layer* first, Layer* second) {
    input = checked_parent(function, first).output;
    std::vector<Layer*> operands{first};
    if (second != nullptr) {
        binary = 1;
        operands.push_back(second);
        if (checked_parent(function, second).output->shape != input->shape) {
            invalid(function, "expected layers of one shape, received ", input->shape, " ('", first->name, "') and ",
                    second->output->shape, " ('", second->name, "')");
        }
    }
    output = new Tensor(input->shape, dev);
    join_graph(*this, operands);
}

namespace {

// The second layer of a binary operator must be there: a null pointer would make it an unary one.
Layer* required(const char* function, Layer* layer) { return &checked_parent(function, layer); }

// One operand: value f(x), derivative slope(x, y) with y = f(x).
template <typename Value>
void forward_unary(OperatorLayer& layer, Value value) {
    expect_forward(layer);
    transform(*layer.output, value, *layer.input);
}

template <typename Slope>
void backward_unary(OperatorLayer& layer, Slope slope) {
    expect_backward(layer);
    accumulate(*layer.parent[0]->delta, [slope](float d, float x, float y) { return d * slope(x, y); }, *layer.delta,
               *layer.input, *layer.output);
}

// Two operands a and b.
template <typename Value>
void forward_binary(OperatorLayer& layer, Value value) {
    expect_forward(layer);
    transform(*layer.output, value, *layer.parent[0]->output, *layer.parent[1]->output);
}

template <typename SlopeA, typename SlopeB>
void backward_binary(OperatorLayer& layer, SlopeA slope_a, SlopeB slope_b) {
    expect_backward(layer);
    const Tensor& a = *layer.parent[0]->output;
    const Tensor& b = *layer.parent[1]->output;
    accumulate(
        *layer.parent[0]->delta, [=](float d, float x, float y) { return d * slope_a(x, y); }, *layer.delta, a, b);
    accumulate(
        *layer.parent[1]->delta, [=](float d, float x, float y) { return d * slope_b(x, y); }, *layer.delta, a, b);
}

const float LN2 = std::log(2.0f);
const float LN10 = std::log(10.0f);

}  // namespace

// EDDL's default names end in an underscore, but for some forms of sum and difference.
#define EDDL_DEFINE_COPIES(Name, ...)                                                                      \
    int Name::total_layers = 0;                                                                            \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); } \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                       \
        return make_clone(*this, todev, p.at(0), ##__VA_ARGS__);                                           \
    }

#define EDDL_DEFINE_UNARY(Name, prefix, function, value, slope)                                   \
    Name::Name(Layer* l, std::string name, int dev, int mem) : OperatorLayer(name, dev, mem) {    \
        operate_on(function, l);                                                                  \
        name_layer(*this, name, prefix, total_layers);                                            \
    }                                                                                             \
    void Name::forward() {                                                                        \
        forward_unary(*this, [](float x) { return value; });                                      \
    }                                                                                             \
    void Name::backward() {                                                                       \
        backward_unary(*this, [](float x, float y) {                                              \
            (void)x, (void)y;                                                                     \
            return slope;                                                                         \
        });                                                                                       \
    }                                                                                             \
    EDDL_DEFINE_COPIES(Name)

EDDL_DEFINE_UNARY(LAbs, "abs_", "Abs", std::fabs(x), (x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f))
EDDL_DEFINE_UNARY(LExp, "exp_", "Exp", std::exp(x), y)
EDDL_DEFINE_UNARY(LLog, "log_", "Log", std::log(x), 1.0f / x)
EDDL_DEFINE_UNARY(LLog2, "log2_", "Log2", std::log2(x), 1.0f / (x * LN2))
EDDL_DEFINE_UNARY(LLog10, "log10_", "Log10", std::log10(x), 1.0f / (x * LN10))
EDDL_DEFINE_UNARY(LSqrt, "sqrt_", "Sqrt", std::sqrt(x), 0.5f / y)

LClamp::LClamp(Layer* l, float min, float max, std::string name, int dev, int mem)
    : OperatorLayer(name, dev, mem), min(min), max(max) {
    if (!(min <= max)) invalid("Clamp", "expected min <= max, received ", min, " and ", max);
    operate_on("Clamp", l);
    name_layer(*this, name, "clamp_", total_layers);
}

void LClamp::forward() {
    forward_unary(*this, [low = min, high = max](float x) { return x < low ? low : x > high ? high : x; });
}

void LClamp::backward() {
    backward_unary(*this, [low = min, high = max](float x, float) { return x < low || x > high ? 0.0f : 1.0f; });
}

EDDL_DEFINE_COPIES(LClamp, min, max)

LPow::LPow(Layer* l, float k, std::string name, int dev, int mem) : OperatorLayer(name, dev, mem), exponent(k) {
    operate_on("Pow", l);
    name_layer(*this, name, "pow_", total_layers);
}

void LPow::forward() {
    forward_unary(*this, [k = exponent](float x) { return std::pow(x, k); });
}

void LPow::backward() {
    backward_unary(*this, [k = exponent](float x, float) { return k * std::pow(x, k - 1.0f); });
}

EDDL_DEFINE_COPIES(LPow, exponent)

// The operators of two layers or of a layer and a number. `left` tells on which side of the number the layer is.
#define EDDL_DEFINE_LAYER_LAYER(Name, prefix, function)                                                              \
    Name::Name(Layer* l1, Layer* l2, std::string name, int dev, int mem) : OperatorLayer(name, dev, mem) {           \
        operate_on(function, l1, required(function, l2));                                                            \
        name_layer(*this, name, prefix, total_layers);                                                               \
    }

#define EDDL_DEFINE_WITH_NUMBER(Name, prefix, function, parameters, remember)                                        \
    Name::Name parameters : OperatorLayer(name, dev, mem) {                                                          \
        operate_on(function, l);                                                                                     \
        name_layer(*this, name, prefix, total_layers);                                                               \
        val = k;                                                                                                     \
        remember;                                                                                                    \
    }

#define EDDL_LAYER_THEN_NUMBER (Layer * l, float k, std::string name, int dev, int mem)
#define EDDL_NUMBER_THEN_LAYER (float k, Layer * l, std::string name, int dev, int mem)

// A clone in the form of the original.
#define EDDL_DEFINE_BINARY_COPIES(Name, clone_with_number)                                                           \
    int Name::total_layers = 0;                                                                                      \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }           \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                                 \
        if (binary) return make_clone(*this, todev, p.at(0), p.at(1));                                               \
        return clone_with_number;                                                                                    \
    }

EDDL_DEFINE_LAYER_LAYER(LSum, "sum", "Sum")
EDDL_DEFINE_WITH_NUMBER(LSum, "sum", "Sum", EDDL_LAYER_THEN_NUMBER, (void)0)
EDDL_DEFINE_BINARY_COPIES(LSum, make_clone(*this, todev, p.at(0), val))

void LSum::forward() {
    if (binary) forward_binary(*this, [](float a, float b) { return a + b; });
    else forward_unary(*this, [k = val](float x) { return x + k; });
}

void LSum::backward() {
    const auto one = [](float, float) { return 1.0f; };
    if (binary) backward_binary(*this, one, one);
    else backward_unary(*this, one);
}

EDDL_DEFINE_LAYER_LAYER(LMult, "mult_", "Mult")
EDDL_DEFINE_WITH_NUMBER(LMult, "mult_", "Mult", EDDL_LAYER_THEN_NUMBER, (void)0)
EDDL_DEFINE_BINARY_COPIES(LMult, make_clone(*this, todev, p.at(0), val))

void LMult::forward() {
    if (binary) forward_binary(*this, [](float a, float b) { return a * b; });
    else forward_unary(*this, [k = val](float x) { return x * k; });
}

void LMult::backward() {
    if (binary) {
        backward_binary(*this, [](float, float b) { return b; }, [](float a, float) { return a; });
    } else {
        backward_unary(*this, [k = val](float, float) { return k; });
    }
}

EDDL_DEFINE_LAYER_LAYER(LDiff, "diff_", "Diff")
EDDL_DEFINE_WITH_NUMBER(LDiff, "diff", "Diff", EDDL_LAYER_THEN_NUMBER, left = 1)
EDDL_DEFINE_WITH_NUMBER(LDiff, "diff", "Diff", EDDL_NUMBER_THEN_LAYER, left = 0)
EDDL_DEFINE_BINARY_COPIES(LDiff, left ? make_clone(*this, todev, p.at(0), val) : make_clone(*this, todev, val, p.at(0)))

void LDiff::forward() {
    if (binary) forward_binary(*this, [](float a, float b) { return a - b; });
    else if (left) forward_unary(*this, [k = val](float x) { return x - k; });
    else forward_unary(*this, [k = val](float x) { return k - x; });
}

void LDiff::backward() {
    const auto plus = [](float, float) { return 1.0f; };
    const auto minus = [](float, float) { return -1.0f; };
    if (binary) backward_binary(*this, plus, minus);
    else if (left) backward_unary(*this, plus);
    else backward_unary(*this, minus);
}

EDDL_DEFINE_LAYER_LAYER(LDiv, "div_", "Div")
EDDL_DEFINE_WITH_NUMBER(LDiv, "div_", "Div", EDDL_LAYER_THEN_NUMBER, left = 1)
EDDL_DEFINE_WITH_NUMBER(LDiv, "div_", "Div", EDDL_NUMBER_THEN_LAYER, left = 0)
EDDL_DEFINE_BINARY_COPIES(LDiv, left ? make_clone(*this, todev, p.at(0), val) : make_clone(*this, todev, val, p.at(0)))

void LDiv::forward() {
    if (binary) forward_binary(*this, [](float a, float b) { return a / b; });
    else if (left) forward_unary(*this, [k = val](float x) { return x / k; });
    else forward_unary(*this, [k = val](float x) { return k / x; });
}

void LDiv::backward() {
    if (binary) {
        backward_binary(*this, [](float, float b) { return 1.0f / b; }, [](float a, float b) { return -a / (b * b); });
    } else if (left) {
        backward_unary(*this, [k = val](float, float) { return 1.0f / k; });
    } else {
        backward_unary(*this, [k = val](float x, float) { return -k / (x * x); });
    }
}
