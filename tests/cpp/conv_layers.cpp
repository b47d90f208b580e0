// What Python cannot reach of convolutions and pools: convolutions with what follows them, shared and cloned layers,
// pads given one by one, and the tensors that 1-D layers alias. Says what is wrong and exits with 1; run by
// test_engine_cpp.py.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "checks.h"
#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/pool/layer_pool.h"

namespace {

// Runs the layers behind the input, in order.
void forward_all(const std::vector<layer>& layers) {
    for (layer l : layers) {
        fill_params(l);
        l->forward();
    }
}

Values relu(Values v) {
    for (float& x : v) x = std::max(x, 0.0f);
    return v;
}

Values stm(Values v) {
    for (float& x : v) x = x * std::tanh(std::log1p(std::exp(x)));
    return v;
}

void check_fused() {
    const std::vector<int> kernel{3, 3};
    const Owned x(filled_input({2, 6, 6}));
    const Owned other(filled_input({4, 6, 6}));
    const auto unfold = [](layer last, std::size_t count) {
        std::vector<layer> chain{last};
        while (chain.size() < count) chain.insert(chain.begin(), chain.front()->parent.front());
        return chain;
    };
    const auto drop = [](const std::vector<layer>& chain) {
        for (std::size_t i = chain.size(); i-- > 0;) delete chain[i];
    };

    auto chain = unfold(eddl::ConvReLU(x.get(), 4, kernel, {1, 1}, "same", true, 1, {1, 1}, "fused"), 2);
    forward_all(chain);
    expect(chain.back()->name == "fused", "the last layer has the name");
    expect_close(values_of(chain[1]->output), relu(values_of(chain[0]->output)), "ConvReLU");
    drop(chain);

    chain = unfold(eddl::Conv2dActivation(x.get(), "sigmoid", 4, kernel), 2);
    forward_all(chain);
    Values sigmoid = values_of(chain[0]->output);
    for (float& v : sigmoid) v = 1.0f / (1.0f + std::exp(-v));
    expect_close(values_of(chain[1]->output), sigmoid, "Conv2dActivation");
    drop(chain);

    layer last = eddl::ConvSTM(x.get(), 4, kernel, {1, 1}, "same", true, 1, {1, 1}, "stm");
    layer convolution = last->parent[0], tanh = last->parent[1], softplus = tanh->parent[0];
    forward_all({convolution, softplus, tanh, last});
    expect(softplus->parent[0] == convolution && last->name == "stm", "ConvSTM: graph");
    expect_close(values_of(last->output), stm(values_of(convolution->output)), "ConvSTM");
    drop({convolution, softplus, tanh, last});

    last = eddl::ConvSTMAdd({x.get(), other.get()}, 4, kernel, {1, 1}, "same", true, 1, {1, 1}, "added");
    layer product = last->parent[0];
    convolution = product->parent[0], tanh = product->parent[1], softplus = tanh->parent[0];
    forward_all({convolution, softplus, tanh, product, last});
    Values sum = stm(values_of(convolution->output));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other->output->ptr[i];
    expect_close(values_of(last->output), sum, "ConvSTMAdd");
    drop({convolution, softplus, tanh, product, last});

    chain = unfold(eddl::ConvReLUMaxPool(x.get(), 4, kernel), 3);
    forward_all(chain);
    expect_close(values_of(chain[1]->output), relu(values_of(chain[0]->output)), "ConvReLUMaxPool: ReLU");
    expect(chain[2]->output->shape == std::vector<int>({1, 4, 3, 3}), "ConvReLUMaxPool: shape");
    expect(dynamic_cast<LMaxPool*>(chain[2]) != nullptr, "ConvReLUMaxPool: pool");
    drop(chain);

    chain = unfold(eddl::ConvMaxPool(x.get(), 4, kernel, {2, 2}, "same", {3, 3}, {1, 1}, "valid"), 2);
    forward_all(chain);
    const Values y = values_of(chain[0]->output), pooled = values_of(chain[1]->output);
    for (std::size_t c = 0; c < pooled.size(); ++c) {
        expect(pooled[c] == *std::max_element(y.begin() + c * 9, y.begin() + (c + 1) * 9), "ConvMaxPool");
    }
    drop(chain);

    expect_refusal([&] { eddl::ConvSTMAdd({x.get(), other.get()}, 3, kernel); }, "an Add of two shapes");
    expect_refusal([&] { eddl::ConvSTMAdd({x.get()}, 3, kernel); }, "one layer to add");
    expect_refusal([&] { eddl::ConvMaxPool(x.get(), 3, kernel, {1, 1}, "same", {9, 9}); }, "a pool that is too large");
    expect_refusal([&] { eddl::Conv2dActivation(x.get(), "relux", 3, kernel); }, "an unknown activation");
    expect(x->child.empty() && other->child.empty(), "refused layers left traces");
}

void check_all_shared() {
    using namespace eddl;
    check_shared("Conv1D", {4, 9}, [](layer x) { return Conv1D(x, 6, {3}, {2}, "same", true, 2, {1}); });
    check_shared("Conv2D", {4, 6, 6}, [](layer x) { return Conv2D(x, 6, {3, 3}, {2, 2}, "same", true, 2); });
    check_shared("Conv3D", {4, 3, 6, 6}, [](layer x) { return Conv3D(x, 6, {3, 3, 3}, {1, 2, 2}, "same", true, 2); });
    check_shared("ConvT2D", {4, 3, 4}, [](layer x) { return ConvT2D(x, 6, {3, 3}, {2, 2}, "valid", true, 2); });
    check_shared("ConvT2D same", {4, 3, 4}, [](layer x) { return ConvT2D(x, 6, {2, 1}, {3, 2}, "same"); });
    check_shared("ConvT3D", {4, 2, 3, 4}, [](layer x) { return ConvT3D(x, 2, {2, 3, 3}, {1, 2, 2}, "same"); });
    check_shared("MaxPool1D", {2, 9}, [](layer x) { return MaxPool1D(x, {3}, {2}, "same"); });
    check_shared("AveragePool3D", {2, 3, 4, 4}, [](layer x) { return AveragePool3D(x, {3, 2, 2}, {1, 2, 2}, "same"); });
}

// Of each channel the rows and columns from (top, left) on; zeros beyond the image.
Values window_of(const Tensor* image, int top, int left, int rows, int columns) {
    const int channels = image->shape[1], height = image->shape[2], width = image->shape[3];
    Values cut;
    for (int c = 0; c < channels; ++c) {
        for (int i = top; i < top + rows; ++i) {
            for (int j = left; j < left + columns; ++j) {
                const bool inside = i < height && j < width;
                cut.push_back(inside ? image->ptr[(c * height + i) * width + j] : 0.0f);
            }
        }
    }
    return cut;
}

void check_pads_of_transposed() {
    const Owned x(filled_input({3, 4, 5}));
    using Sizes = std::vector<int>;
    const auto made = [&](const Sizes& kernel, const Sizes& strides, const Sizes& pads) {
        auto l = std::make_unique<LConvT2D>(x.get(), 2, kernel, strides, "custom", pads, 1, Sizes{1, 1}, false, "",
                                            DEV_CPU, 0);
        fill_params(l.get());
        step(l.get());
        return l;
    };
    const auto full = made({3, 3}, {2, 2}, {0, 0, 0, 0});
    expect(full->output->shape == std::vector<int>({1, 2, 9, 11}), "custom pads of 0");
    const auto cut = made({3, 3}, {2, 2}, {1, 0, 2, 1});
    expect(cut->output->shape == std::vector<int>({1, 2, 8, 8}), "custom pads");
    expect_close(values_of(cut->output), window_of(full->output, 1, 2, 8, 8), "what custom pads cut off");
    const auto grown = made({3, 3}, {2, 2}, {0, -1, 1, -1});
    expect(grown->output->shape == std::vector<int>({1, 2, 10, 11}), "negative pads");
    expect_close(values_of(grown->output), window_of(full->output, 0, 1, 10, 11), "what negative pads add");
    expect_refusal([&] { made({3, 3}, {2, 2}, {0, -2, 0, 0}); }, "a pad of -stride");
    expect_refusal([&] { made({3, 3}, {2, 2}, {-1, 0, 0, 0}); }, "a negative pad before");
    expect_refusal([&] { made({3, 3}, {2, 2}, {0, 0}); }, "two pads");
}

void check_aliases() {
    const Owned x(filled_input({2, 8}));
    const auto check = [&](WindowLayer* l, WindowDescriptor* d, const std::vector<int>& out, const std::string& what) {
        for (const int batch : {1, 3, 2}) {
            x->resize(batch);
            l->resize(batch);
            step(l);
            expect(l->output->shape == std::vector<int>({batch, out[0], out[1]}), what + ": output's shape");
            expect(d->O->shape == std::vector<int>({batch, out[0], out[1], 1}), what + ": descriptor's output shape");
            expect(d->O->ptr == l->output->ptr && !d->O->isshared && l->output->isshared, what + ": output");
            expect(l->input_reshaped->ptr == x->output->ptr, what + ": input");
            expect(l->input_reshaped->shape == std::vector<int>({batch, 2, 8, 1}), what + ": input's shape");
            expect(d->D->ptr == l->delta->ptr && d->D->shape == d->O->shape, what + ": delta");
            if (batch == 3) {
                l->free_delta();
                expect(l->delta == nullptr && d->D == nullptr, what + ": freed delta");
            }
        }
    };
    LConv1D convolution(x.get(), 3, {3, 1}, {1, 1}, "valid", {}, 1, {1, 1}, true, "", DEV_CPU, 0);
    check(&convolution, convolution.cd, {3, 6}, "LConv1D");
    LMaxPool1D pool(x.get(), {2, 1}, {2, 1}, std::string("valid"), "", DEV_CPU, 0);
    check(&pool, pool.pd, {2, 4}, "LMaxPool1D");
}

}  // namespace

int main() {
    return outcome([] {
        check_fused();
        check_all_shared();
        check_pads_of_transposed();
        check_aliases();
    });
}
