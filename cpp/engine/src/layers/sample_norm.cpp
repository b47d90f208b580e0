// Normalisation within a sample: layer and group normalisation, and the three plain ones.
#include <algorithm>
#include <memory>

#include "eddl/layers/normalization/layer_normalization.h"
#include "layers/common.h"
#include "layers/folds.h"
#include "layers/row_norm.h"

using namespace eddl;

int LLayerNorm::total_layers = 0;
int LGroupNorm::total_layers = 0;
int LNorm::total_layers = 0;
int LNormMax::total_layers = 0;
int LNormMinMax::total_layers = 0;

namespace {

Tensor* checked_input(const char* function, Layer* parent, float epsilon) {
    Tensor* input = checked_parent(function, parent).output;
    if (input->ndim < 2)
        invalid(function, "expected a batch and at least one dimension, received shape ", input->shape);
    if (!(epsilon > 0.0f)) invalid(function, "expected a positive epsilon, received ", epsilon);
    return input;
}

std::ptrdiff_t sample_size(const Tensor& tensor) {
    return static_cast<std::ptrdiff_t>(tensor.size) / tensor.shape[0];
}

// Each sample a row.
RowForm sample_rows(const Tensor& tensor) { return {tensor.shape[0], 1, sample_size(tensor), true}; }

RowForm group_rows(const LGroupNorm& layer) {
    const std::vector<int>& shape = layer.input->shape;
    return {static_cast<std::ptrdiff_t>(shape[0]) * layer.groups, shape[1] / layer.groups,
            sample_size(*layer.input) / shape[1], false};
}

template <typename Norm>
void make_affine(Norm& layer, int size) {
    layer.params = {layer.bn_g = Tensor::full({size}, 1.0f, layer.dev), layer.bn_b = Tensor::zeros({size}, layer.dev)};
    layer.gradients = {layer.gbn_g = Tensor::zeros({size}, layer.dev), layer.gbn_b = Tensor::zeros({size}, layer.dev)};
}

template <typename Norm>
void initialize_affine(Norm& layer) {
    if (!layer.affine) return;
    layer.bn_g->fill_(1.0f);
    layer.bn_b->fill_(0.0f);
}

template <typename Norm>
Norm* share_affine(Norm& layer, int c, int bs, const std::vector<Layer*>& p) {
    auto* copy = make_shared_copy(layer, c, bs, p);
    copy->bn_g = layer.bn_g;
    copy->bn_b = layer.bn_b;
    copy->gbn_g = layer.gbn_g;
    copy->gbn_b = layer.gbn_b;
    return copy;
}

template <typename Norm>
void forward_rows(Norm& layer, const RowForm& form, RowNorm& norm) {
    expect_forward(layer);
    norm.forward(form, layer.epsilon, layer.input->ptr, layer.affine ? layer.bn_g->ptr : nullptr,
                 layer.affine ? layer.bn_b->ptr : nullptr, layer.output->ptr);
}

template <typename Norm>
void backward_rows(Norm& layer, const RowForm& form, const RowNorm& norm) {
    expect_backward(layer);
    if (layer.affine && layer.trainable) {
        norm.backward_affine(form, layer.input->ptr, layer.delta->ptr, layer.gbn_g->ptr, layer.gbn_b->ptr);
    }
    norm.backward(form, layer.input->ptr, layer.affine ? layer.bn_g->ptr : nullptr, layer.delta->ptr,
                  layer.parent[0]->delta->ptr);
}

// What a file had there may be of another batch.
void fit_statistics(LLayerNorm& layer, int batch) {
    if (layer.mean->shape[0] == batch && layer.variance->shape[0] == batch) return;
    layer.mean->resize(batch);
    layer.mean->fill_(0.0f);
    layer.variance->resize(batch);
    layer.variance->fill_(1.0f);
}

}  // namespace

LLayerNorm::LLayerNorm(Layer* parent, float epsilon, bool affine, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem, "layernorm"), epsilon(epsilon), affine(affine), mean(nullptr), variance(nullptr),
      bn_g(nullptr), bn_b(nullptr), gbn_g(nullptr), gbn_b(nullptr), norm_(std::make_shared<RowNorm>()) {
    input = checked_input("LayerNormalization", parent, epsilon);
    name_layer(*this, name, "layernorm", total_layers);
    isnorm = true;
    output = new Tensor(input->shape, dev);
    if (affine) make_affine(*this, static_cast<int>(sample_size(*input)));
    params.push_back(mean = Tensor::zeros({input->shape[0]}, dev));
    params.push_back(variance = Tensor::ones({input->shape[0]}, dev));
    join_graph(*this, {parent});
}

int LLayerNorm::get_trainable_params_count() { return affine ? 2 : 0; }

void LLayerNorm::initialize() { initialize_affine(*this); }

void LLayerNorm::resize(int batch) {
    output->resize(batch);
    fit_statistics(*this, batch);
}

void LLayerNorm::forward() {
    forward_rows(*this, sample_rows(*input), *norm_);
    fit_statistics(*this, input->shape[0]);
    std::copy(norm_->means().begin(), norm_->means().end(), mean->ptr);
    std::copy(norm_->deviations().begin(), norm_->deviations().end(), variance->ptr);
}

void LLayerNorm::backward() { backward_rows(*this, sample_rows(*input), *norm_); }

Layer* LLayerNorm::share(int c, int bs, std::vector<Layer*> p) {
    auto* copy = share_affine(*this, c, bs, p);
    copy->mean = mean;
    copy->variance = variance;
    return copy;
}

Layer* LLayerNorm::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), epsilon, affine);
}

std::string LLayerNorm::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

LGroupNorm::LGroupNorm(Layer* parent, int groups, float epsilon, bool affine, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), epsilon(epsilon), affine(affine), groups(groups), bn_g(nullptr), bn_b(nullptr),
      gbn_g(nullptr), gbn_b(nullptr), norm_(std::make_shared<RowNorm>()) {
    const char* const function = "GroupNormalization";
    input = checked_input(function, parent, epsilon);
    const int channels = input->shape[1];
    if (groups < 1 || channels % groups != 0) {
        invalid(function, "expected a number of groups that divides the ", channels, " channels, received ", groups);
    }
    name_layer(*this, name, "groupnorm", total_layers);
    output = new Tensor(input->shape, dev);
    if (affine) make_affine(*this, channels / groups);
    join_graph(*this, {parent});
}

void LGroupNorm::initialize() { initialize_affine(*this); }

void LGroupNorm::forward() { forward_rows(*this, group_rows(*this), *norm_); }

void LGroupNorm::backward() { backward_rows(*this, group_rows(*this), *norm_); }

Layer* LGroupNorm::share(int c, int bs, std::vector<Layer*> p) { return share_affine(*this, c, bs, p); }

Layer* LGroupNorm::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), groups, epsilon, affine);
}

std::string LGroupNorm::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

// --- without parameters ---

namespace {

// Each of these works on all rows at once: y = f(x), and dx += the delta d of y passed back.

struct Standardize {
    static void forward(const RowForm& form, float epsilon, const float* x, float* y) {
        RowNorm().forward(form, epsilon, x, nullptr, nullptr, y);
    }
    static void backward(const RowForm& form, float epsilon, const float* x, const float* d, float* dx) {
        RowNorm norm;
        norm.measure(form, epsilon, x);
        norm.backward(form, x, nullptr, d, dx);
    }
};

// An extreme of a row and, where somebody asks, its first place.
template <typename Order>
struct Extreme {
    const float* row;
    std::ptrdiff_t length;
    float value;

    Extreme(const float* row, std::ptrdiff_t length)
        : row(row), length(length), value(fold_run(row, length, ExtremeFold<Order>(row[0])).value) {}
    std::ptrdiff_t place() const {
        std::ptrdiff_t i = 0;
        while (!is_extreme(row[i], value)) ++i;
        return i;
    }
};

// Σ (x[i] - origin) · d[i] over a row
double moment(const float* x, const float* d, std::ptrdiff_t length, float origin) {
    double sum = 0.0;
    for (std::ptrdiff_t i = 0; i < length; ++i) sum += (static_cast<double>(x[i]) - origin) * d[i];
    return sum;
}

// y = x / (max + epsilon)
struct DivideByMax {
    static void forward(const RowForm& form, float epsilon, const float* x, float* y) {
        const std::ptrdiff_t length = form.length();
        parallel_for(form.rows, [=](std::ptrdiff_t r) {
            const float *row = x + r * length;
            const float divisor = Extreme<Larger>(row, length).value + epsilon;
            for (std::ptrdiff_t i = 0; i < length; ++i) y[r * length + i] = row[i] / divisor;
        }, length);
    }
    static void backward(const RowForm& form, float epsilon, const float* x, const float* d, float* dx) {
        const std::ptrdiff_t length = form.length();
        parallel_for(form.rows, [=](std::ptrdiff_t r) {
            const float *row = x + r * length, *delta = d + r * length;
            float* out = dx + r * length;
            const Extreme<Larger> max(row, length);
            const double divisor = static_cast<double>(max.value) + epsilon;
            for (std::ptrdiff_t i = 0; i < length; ++i) out[i] += static_cast<float>(delta[i] / divisor);
            out[max.place()] -= static_cast<float>(moment(row, delta, length, 0.0f) / (divisor * divisor));
        }, length);
    }
};

// y = (x - min) / (max - min + epsilon)
struct DivideByRange {
    static void forward(const RowForm& form, float epsilon, const float* x, float* y) {
        const std::ptrdiff_t length = form.length();
        parallel_for(form.rows, [=](std::ptrdiff_t r) {
            const float* row = x + r * length;
            const float min = Extreme<Smaller>(row, length).value;
            const float divisor = Extreme<Larger>(row, length).value - min + epsilon;
            for (std::ptrdiff_t i = 0; i < length; ++i) y[r * length + i] = (row[i] - min) / divisor;
        }, length);
    }
    static void backward(const RowForm& form, float epsilon, const float* x, const float* d, float* dx) {
        const std::ptrdiff_t length = form.length();
        parallel_for(form.rows, [=](std::ptrdiff_t r) {
            const float *row = x + r * length, *delta = d + r * length;
            float* out = dx + r * length;
            const Extreme<Larger> max(row, length);
            const Extreme<Smaller> min(row, length);
            const double divisor = static_cast<double>(max.value) - min.value + epsilon;
            double sum = 0.0;
            for (std::ptrdiff_t i = 0; i < length; ++i) {
                sum += delta[i];
                out[i] += static_cast<float>(delta[i] / divisor);
            }
            const double by_range = moment(row, delta, length, min.value) / (divisor * divisor);
            out[max.place()] -= static_cast<float>(by_range);
            out[min.place()] += static_cast<float>(by_range - sum / divisor);
        }, length);
    }
};

}  // namespace

#define EDDL_DEFINE_SAMPLE_NORM(Name, prefix, function, Rule)                                              \
    Name::Name(Layer* parent, float epsilon, std::string name, int dev, int mem)                           \
        : LinLayer(name, dev, mem), epsilon(epsilon) {                                                     \
        input = checked_input(function, parent, epsilon);                                                  \
        name_layer(*this, name, prefix, total_layers);                                                     \
        output = new Tensor(input->shape, dev);                                                            \
        join_graph(*this, {parent});                                                                       \
    }                                                                                                      \
    void Name::forward() {                                                                                 \
        expect_forward(*this);                                                                             \
        Rule::forward(sample_rows(*input), epsilon, input->ptr, output->ptr);                              \
    }                                                                                                      \
    void Name::backward() {                                                                                \
        expect_backward(*this);                                                                            \
        Rule::backward(sample_rows(*input), epsilon, input->ptr, delta->ptr, parent[0]->delta->ptr);       \
    }                                                                                                      \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); } \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                       \
        return make_clone(*this, todev, p.at(0), epsilon);                                                 \
    }                                                                                                      \
    std::string Name::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

EDDL_DEFINE_SAMPLE_NORM(LNorm, "norm", "Norm", Standardize)
EDDL_DEFINE_SAMPLE_NORM(LNormMax, "normmax", "NormMax", DivideByMax)
EDDL_DEFINE_SAMPLE_NORM(LNormMinMax, "normminmax", "NormMinMax", DivideByRange)
