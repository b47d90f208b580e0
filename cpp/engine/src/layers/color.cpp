// Layers on the colours of images, pixel by pixel.
#include <cmath>

#include "eddl/layers/da/layer_da.h"
#include "layers/common.h"
#include "tensor/color.h"
#include "tensor/reduce.h"

using namespace eddl;
using image::Colors;

int LColor::total_layers = 0;

namespace {

constexpr int RGB = 3;

// The mean gray of one image, in which each channel has its weight.
double mean_gray(const float* image, std::ptrdiff_t pixels) {
    double sum = 0.0;
    for (int c = 0; c < RGB; ++c) {
        sum += static_cast<double>(Colors::GRAY[c]) * sum_of(image + c * pixels, pixels);
    }
    return sum / static_cast<double>(pixels);
}

}  // namespace

LColor::LColor(Layer* parent, const image::Coloring& how, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), how_(std::make_shared<image::Coloring>(how)) {
    input = checked_parent(how.function, parent).output;
    if (input->ndim != 4 || input->shape[1] != RGB) {
        invalid(how.function, "expected images [batch, 3, height, width], received shape ", input->shape);
    }
    output = new Tensor({input->shape[0], how.channels, input->shape[2], input->shape[3]}, dev);
    name_layer(*this, name, "color", total_layers);
    join_graph(*this, {parent});
}

void LColor::forward() {
    expect_forward(*this);
    std::vector<Colors> colors;
    for (int image = 0; image < input->shape[0]; ++image) {
        colors.push_back(how_->random && mode == TSMODE ? Colors{} : how_->draw());
    }
    colors_ = std::make_shared<std::vector<Colors>>(std::move(colors));

    const std::ptrdiff_t pixels = input->stride[1];
    const int channels = how_->channels;
    parallel_for(input->shape[0], [=, all = colors_->data(), in = input->ptr, out = output->ptr](std::ptrdiff_t i) {
        const Colors& color = all[i];
        const float* rgb = in + i * RGB * pixels;
        const auto gray = color.gray == 0.0f ? 0.0f : static_cast<float>(color.gray * mean_gray(rgb, pixels));
        for (int c = 0; c < channels; ++c) {
            float* plane = out + (i * channels + c) * pixels;
            const float* mix = color.mix[c];
            for (std::ptrdiff_t p = 0; p < pixels; ++p) {
                plane[p] = mix[0] * rgb[p] + mix[1] * rgb[p + pixels] + mix[2] * rgb[p + 2 * pixels] + gray;
            }
        }
    }, RGB * pixels);
}

void LColor::backward() {
    expect_backward(*this);
    if (colors_ == nullptr || colors_->size() != static_cast<std::size_t>(input->shape[0])) {
        failed("backward of layer '" + name + "'", "it has not run forward on this batch");
    }
    const std::ptrdiff_t pixels = input->stride[1];
    const int channels = how_->channels;
    float* const in = parent[0]->delta->ptr;
    parallel_for(input->shape[0], [=, all = colors_->data(), out = delta->ptr](std::ptrdiff_t i) {
        const Colors& color = all[i];
        const float* from = out + i * channels * pixels;
        const double through_mean =
            color.gray == 0.0f ? 0.0 : color.gray * sum_of(from, channels * pixels) / static_cast<double>(pixels);
        for (int k = 0; k < RGB; ++k) {
            float* plane = in + (i * RGB + k) * pixels;
            const auto mean = static_cast<float>(through_mean * static_cast<double>(Colors::GRAY[k]));
            for (int c = 0; c < channels; ++c) {
                for (std::ptrdiff_t p = 0; p < pixels; ++p) plane[p] += color.mix[c][k] * from[c * pixels + p];
            }
            for (std::ptrdiff_t p = 0; p < pixels; ++p) plane[p] += mean;
        }
    }, RGB * pixels);
}

Layer* LColor::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }
Layer* LColor::clone(int, int, std::vector<Layer*> p, int todev) { return make_clone(*this, todev, p.at(0), *how_); }
std::string LColor::plot(int c) { return graph_node(name, c, "bisque4", "White"); }
