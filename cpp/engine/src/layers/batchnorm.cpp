#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "eddl/layers/normalization/layer_normalization.h"
#include "layers/common.h"
#include "onednn/batch_norm.h"

using namespace eddl;

int LBatchNorm::total_layers = 0;

namespace {

onednn::BatchNormShape shape_of(const LBatchNorm& layer, bool given_statistics) {
    const std::vector<int>& in = layer.input->shape;
    onednn::BatchNormShape s;
    s.batch = in[0], s.channels = in[1];
    s.rows = in.size() > 2 ? in[2] : 1;
    s.columns = in.size() > 3 ? std::accumulate(in.begin() + 3, in.end(), 1, std::multiplies<int>()) : 1;
    s.epsilon = layer.epsilon;
    s.affine = layer.affine;
    s.save_memory = layer.mem_level >= LOW_MEMORY;
    s.given_statistics = given_statistics;
    return s;
}

Tensor* filled(int channels, float value, int dev) { return Tensor::full({channels}, value, dev); }

void update_running(Tensor& running, const Tensor& batch, float momentum) {
    transform(running, [=](float old, float now) { return momentum * old + (1.0f - momentum) * now; }, running, batch);
}

// (x - mean) · scale + shift, channel by channel. A loop of ours: oneDNN's takes three times as long where it changes
// the tensors' layout for it, and longer the worse the channels fill its blocks.
void normalise(const LBatchNorm& layer) {
    const Tensor& input = *layer.input;
    const auto channels = static_cast<std::ptrdiff_t>(input.shape[1]);
    const std::ptrdiff_t samples = input.shape[0];
    const std::ptrdiff_t values =
        static_cast<std::ptrdiff_t>(input.size) / std::max<std::ptrdiff_t>(samples * channels, 1);
    std::vector<float> scales(static_cast<std::size_t>(channels)), shifts(static_cast<std::size_t>(channels), 0.0f);
    for (std::size_t c = 0; c < scales.size(); ++c) {
        scales[c] = (layer.affine ? layer.bn_g->ptr[c] : 1.0f) / std::sqrt(layer.bn_var->ptr[c] + layer.epsilon);
        if (layer.affine) shifts[c] = layer.bn_b->ptr[c];
    }
    const float *const src = input.ptr, *const mean = layer.bn_mean->ptr;
    const float *const scale = scales.data(), *const shift = shifts.data();
    float* const dst = layer.output->ptr;
    const auto normalised = [](float x, float m, float a, float b) { return (x - m) * a + b; };
    if (values == 1) {
        parallel_for(samples, [=](std::ptrdiff_t i) {
            transform_range(dst + i * channels, 0, channels, normalised, src + i * channels, mean, scale, shift);
        }, channels);
        return;
    }
    parallel_for(samples * channels, [=](std::ptrdiff_t i) {
        const float m = mean[i % channels], a = scale[i % channels], b = shift[i % channels];
        transform_range(dst + i * values, 0, values, [=](float x) { return normalised(x, m, a, b); }, src + i * values);
    }, values);
}

}  // namespace

LBatchNorm::LBatchNorm(Layer* parent, float momentum, float epsilon, bool affine, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem, "batchnorm"), momentum(momentum), epsilon(epsilon), affine(affine), mean(nullptr),
      variance(nullptr), bn_mean(nullptr), bn_var(nullptr), bn_g(nullptr), bn_b(nullptr), gbn_g(nullptr),
      gbn_b(nullptr), opa(nullptr), work1(nullptr), work2(nullptr),
      primitives_(std::make_shared<onednn::BatchNorm>()) {
    const char* const function = "BatchNormalization";
    input = checked_parent(function, parent).output;
    if (input->ndim < 2)
        invalid(function, "expected a batch and at least one dimension, received shape ", input->shape);
    if (!(momentum >= 0.0f && momentum <= 1.0f)) invalid(function, "expected momentum in [0, 1], received ", momentum);
    if (!(epsilon > 0.0f)) invalid(function, "expected a positive epsilon, received ", epsilon);
    name_layer(*this, name, "batchnorm", total_layers);
    isnorm = true;

    const int channels = input->shape[1];
    shape = {channels};
    output = new Tensor(input->shape, dev);
    if (affine) {
        params = {bn_g = filled(channels, 1.0f, dev), bn_b = filled(channels, 0.0f, dev)};
        gradients = {gbn_g = filled(channels, 0.0f, dev), gbn_b = filled(channels, 0.0f, dev)};
    }
    // EDDL starts from a variance of 0 where the running one follows the batches, else from 1.
    params.push_back(mean = filled(channels, 0.0f, dev));
    params.push_back(variance = filled(channels, momentum > 0.0f ? 0.0f : 1.0f, dev));
    bn_mean = filled(channels, 0.0f, dev);
    bn_var = filled(channels, 1.0f, dev);
    join_graph(*this, {parent});
}

LBatchNorm::~LBatchNorm() {
    delete bn_mean;
    delete bn_var;
    delete opa;
    delete work1;
    delete work2;
}

int LBatchNorm::get_trainable_params_count() { return affine ? 2 : 0; }

void LBatchNorm::initialize() {
    if (!affine) return;
    params[0]->fill_(1.0f);
    params[1]->fill_(0.0f);
}

void LBatchNorm::resize(int batch) { output->resize(batch); }

void LBatchNorm::forward() {
    expect_forward(*this);
    batch_statistics_ = mode == TRMODE;
    if (!batch_statistics_) {
        Tensor::copy(mean, bn_mean);
        Tensor::copy(variance, bn_var);
        normalise(*this);
        return;
    }
    onednn::Affine<const float> affine_data{};
    if (affine) affine_data = {bn_g->ptr, bn_b->ptr};
    primitives_->forward(shape_of(*this, false), input->ptr, bn_mean->ptr, bn_var->ptr, affine_data, output->ptr);
    if (momentum != 0.0f) {
        update_running(*mean, *bn_mean, momentum);
        update_running(*variance, *bn_var, momentum);
    }
}

void LBatchNorm::backward() {
    expect_backward(*this);
    onednn::Affine<float> affine_gradients{};
    if (affine) affine_gradients = {gbn_g->ptr, gbn_b->ptr};
    primitives_->backward(shape_of(*this, !batch_statistics_), input->ptr, bn_mean->ptr, bn_var->ptr,
                          affine ? bn_g->ptr : nullptr, delta->ptr, parent[0]->delta->ptr, affine_gradients);
}

Layer* LBatchNorm::share(int c, int bs, std::vector<Layer*> p) {
    auto* copy = make_shared_copy(*this, c, bs, p);
    copy->bn_g = bn_g;
    copy->bn_b = bn_b;
    copy->gbn_g = gbn_g;
    copy->gbn_b = gbn_b;
    copy->mean = mean;
    copy->variance = variance;
    return copy;
}

Layer* LBatchNorm::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), momentum, epsilon, affine);
}

std::string LBatchNorm::plot(int c) { return graph_node(name, c, "bisque4", "lightpink"); }
