#include <algorithm>
#include <iostream>

#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"

using namespace eddl;

int LEmbedding::total_layers = 0;

LEmbedding::LEmbedding(Layer* parent, int vocsize, int length, int dim, bool mask_zeros, std::string name, int dev,
                       int mem)
    : LinLayer(name, dev, mem), dim(dim), vocsize(vocsize), length(length), mask_zeros(mask_zeros), E(nullptr),
      gE(nullptr), acc_gE(nullptr) {
    const char* const function = "Embedding";
    input = checked_parent(function, parent).output;
    if (vocsize < 1 || length < 1 || dim < 1) {
        invalid(function, "expected a vocabulary, a length and an output of at least 1, received ", vocsize, ", ",
                length, " and ", dim);
    }
    const bool fits = (input->ndim == 2 && input->shape[1] == length) || (input->ndim == 1 && length == 1);
    if (!fits) {
        invalid(function, "expected an input of ", length, " words a sample, received shape ", input->shape);
    }
    const int width = shape2size({length, dim});  // checks that it is a size
    name_layer(*this, name, "embedding", total_layers);
    output = new Tensor({input->shape[0], width}, dev);
    params = {E = new Tensor({vocsize, dim}, dev)};
    gradients = {gE = new Tensor({vocsize, dim}, dev)};
    join_graph(*this, {parent});
}

void LEmbedding::forward() {
    expect_forward(*this);
    const auto words = static_cast<std::ptrdiff_t>(input->size);
    sind.resize(input->size);
    const auto limit = static_cast<float>(vocsize);
    std::ptrdiff_t strangers = 0;
    for (std::ptrdiff_t i = 0; i < words; ++i) {
        const float word = input->ptr[i];
        const bool known = word > -1.0f && word < limit;  // fractions are cut off; NaN is not known
        sind[static_cast<std::size_t>(i)] = known ? static_cast<int>(word) : 0;
        strangers += known ? 0 : 1;
    }
    if (strangers > 0) {
        std::cerr << "Warning: layer '" << name << "': " << strangers << " of " << words
                  << " words are not in the vocabulary of " << vocsize << "; they count as word 0\n";
    }
    const int* word = sind.data();
    const float* embedded = E->ptr;
    float* out = output->ptr;
    const std::ptrdiff_t width = dim;
    parallel_for(words, [=, masked = mask_zeros](std::ptrdiff_t i) {
        if (masked && word[i] == 0) std::fill_n(out + i * width, width, 0.0f);
        else std::copy_n(embedded + word[i] * width, width, out + i * width);
    }, width);
}

void LEmbedding::backward() {
    expect_backward(*this);
    if (!trainable) return;
    // A word may come often: each thread has its own columns, and goes through the words in order.
    constexpr std::ptrdiff_t BLOCK = 32;
    const auto words = static_cast<std::ptrdiff_t>(sind.size());
    const int* word = sind.data();
    const float* d = delta->ptr;
    float* gradient = gE->ptr;
    const std::ptrdiff_t width = dim;
    parallel_for((width + BLOCK - 1) / BLOCK, [=, masked = mask_zeros](std::ptrdiff_t block) {
        const std::ptrdiff_t first = block * BLOCK, end = std::min(width, first + BLOCK);
        for (std::ptrdiff_t i = 0; i < words; ++i) {
            if (masked && word[i] == 0) continue;
            for (std::ptrdiff_t j = first; j < end; ++j) gradient[word[i] * width + j] += d[i * width + j];
        }
    }, words * BLOCK);
    if (reg != nullptr) reg->apply(E);
}

void LEmbedding::enable_distributed() {
    LinLayer::enable_distributed();
    acc_gE = acc_gradients[0];
}

Layer* LEmbedding::share(int c, int bs, std::vector<Layer*> p) {
    auto* copy = make_shared_copy(*this, c, bs, p);
    copy->E = E;
    copy->gE = gE;
    copy->acc_gE = acc_gE;
    return copy;
}

Layer* LEmbedding::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), vocsize, length, dim, mask_zeros);
}

std::string LEmbedding::plot(int c) { return graph_node(name, c, "LightBlue", "White"); }
