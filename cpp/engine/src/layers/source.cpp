// Layers without parents, other than inputs: a constant, and random numbers.
#include <algorithm>

#include "eddl/layers/auxiliar/layer_auxiliar.h"
#include "eddl/layers/generators/layer_generators.h"
#include "eddl/random.h"
#include "layers/common.h"

using namespace eddl;

int LConstOfTensor::total_layers = 0;
int LGauss::total_layers = 0;
int LUniform::total_layers = 0;

namespace {

std::vector<int> batch_of_one(const std::vector<int>& sample) {
    std::vector<int> shape = sample;
    shape.insert(shape.begin(), 1);
    return shape;
}

}  // namespace

LConstOfTensor::LConstOfTensor(Tensor* tensor, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), const_tensor(nullptr) {
    if (tensor == nullptr || tensor->size == 0) invalid("ConstOfTensor", "expected a tensor with elements");
    name_layer(*this, name, "const_of_tensor", total_layers);
    const_tensor = tensor->clone();
    input = output = new Tensor(batch_of_one(tensor->shape), dev);
}

LConstOfTensor::~LConstOfTensor() { delete const_tensor; }

void LConstOfTensor::forward() {
    const auto size = static_cast<std::ptrdiff_t>(const_tensor->size);
    const float* sample = const_tensor->ptr;
    float* out = output->ptr;
    parallel_for(output->shape[0], [=](std::ptrdiff_t i) { std::copy_n(sample, size, out + i * size); }, size);
}

void LConstOfTensor::backward() {}

Layer* LConstOfTensor::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LConstOfTensor::clone(int, int bs, std::vector<Layer*>, int todev) {
    auto* copy = make_clone(*this, todev, const_tensor);
    copy->resize(bs);
    return copy;
}

std::string LConstOfTensor::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

GeneratorLayer::GeneratorLayer(const std::vector<int>& size, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem), size(size) {}

void GeneratorLayer::backward() {}

std::string GeneratorLayer::plot(int c) { return graph_node(name, c, "LightBlue", "White"); }

#define EDDL_DEFINE_GENERATOR(Name, first, second, prefix, function, fits, wanted, fill)                               \
    Name::Name(float first, float second, const std::vector<int>& size, std::string name, int dev, int mem)            \
        : GeneratorLayer(size, name, dev, mem), first(first), second(second) {                                         \
        if (size.empty() || *std::min_element(size.begin(), size.end()) < 1) {                                         \
            invalid(function, "expected at least one dimension, all above 0, received ", size);                        \
        }                                                                                                              \
        if (!(fits)) invalid(function, "expected " wanted ", received ", first, " and ", second);                      \
        std::unique_ptr<Tensor> drawn(new Tensor(batch_of_one(size), dev));                                            \
        name_layer(*this, name, prefix, total_layers);                                                                 \
        input = output = drawn.release();                                                                              \
    }                                                                                                                  \
    void Name::forward() { fill(output->ptr, output->size, first, second); }                                           \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }             \
    Layer* Name::clone(int, int bs, std::vector<Layer*>, int todev) {                                                  \
        auto* copy = make_clone(*this, todev, first, second, size);                                                    \
        copy->resize(bs);                                                                                              \
        return copy;                                                                                                   \
    }

EDDL_DEFINE_GENERATOR(LGauss, mean, stdev, "generator_gauss", "GaussGenerator", stdev >= 0.0f,
                      "a deviation of at least 0", random_normal)
EDDL_DEFINE_GENERATOR(LUniform, low, high, "generator_uniform", "UniformGenerator", low <= high,
                      "a low bound that is not above the high one", random_uniform)
