#include "unrolled_copy.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace eddl_prune::adapter {

namespace {

int copies_of(const Layer* layer, const vlayer& copies) {
    return static_cast<int>(
        std::count_if(copies.begin(), copies.end(), [=](const Layer* copy) { return copy->sorig == layer; }));
}

// Inputs that are the same at all steps have one copy.
int input_steps(const Net& net) {
    int steps = 1;
    for (const Layer* input : net.lin) steps = std::max(steps, copies_of(input, net.rnet->lin));
    return steps;
}

void discard(Net* copy) noexcept {
#if !defined(EDDL_EMBEDDED_ENGINE)
    // Of what EDDL's copies share with their originals they do not know everything, and would delete it.
    for (Layer* layer : copy->layers) {
        const Layer* original = layer->sorig;
        if (original == nullptr) continue;
        if (layer->reg == original->reg) layer->reg = nullptr;
        if (layer->init == original->init) layer->init = nullptr;
        if (!layer->params.empty() && layer->params == original->params) layer->isshared = true;
    }
#endif
    delete copy;
}

}  // namespace

void renew_unrolled_copy(Net& net) noexcept {
    if (net.rnet == nullptr) return;
    Net& old = *net.rnet;
    // Not those of a certain layer: another may have taken its place.
    const int inputs = input_steps(net), outputs = static_cast<int>(old.lout.size() / net.lout.size());
    const int tr_batches = old.tr_batches, inferenced_samples = old.inferenced_samples;
    verr total_loss = std::move(old.total_loss), total_metric = std::move(old.total_metric),
         fiterr = std::move(old.fiterr);
    discard(std::exchange(net.rnet, nullptr));

    vlayer layers;
    try {
        layers = net.layers;  // EDDL sorts them otherwise while it unrolls
        net.build_rnet(inputs, outputs);
    } catch (const std::exception&) {
        if (!layers.empty()) net.layers.swap(layers);
        net.rnet = nullptr;
        return;
    }
    net.rnet->tr_batches = tr_batches;
    net.rnet->inferenced_samples = inferenced_samples;
    net.rnet->total_loss = std::move(total_loss);
    net.rnet->total_metric = std::move(total_metric);
    net.rnet->fiterr = std::move(fiterr);
}

}  // namespace eddl_prune::adapter
