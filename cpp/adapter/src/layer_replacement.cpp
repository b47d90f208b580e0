#include "layer_replacement.h"

#include <algorithm>
#include <utility>

#include "eddl/layers/core/layer_core.h"
#include "eddl_prune/adapter/optimizer_wrapper.h"

namespace eddl_prune::adapter {

void copy_place(const Layer& old, Layer& fresh, std::size_t parents) {
    fresh.parent.assign(old.parent.begin(), old.parent.begin() + static_cast<std::ptrdiff_t>(parents));
    fresh.net = old.net;
    fresh.trainable = old.trainable;
    fresh.mode = old.mode;
    fresh.delta_bp = old.delta_bp;
    fresh.detached = old.detached;
    fresh.verbosity_level = old.verbosity_level;
}

void take_place(Net& net, Layer& old, Layer& fresh) noexcept {
    const auto replace_in = [&](vlayer& layers) { std::replace(layers.begin(), layers.end(), &old, &fresh); };
    for (vlayer* layers : {&net.layers, &net.lout, &net.vfts, &net.vbts}) replace_in(*layers);
    std::copy(old.parent.begin(), old.parent.end(), fresh.parent.begin());
    fresh.input = old.input;
    fresh.isdecoder = old.isdecoder;
    fresh.lin = old.lin;
    for (Layer* parent : fresh.parent) replace_in(parent->child);
    for (Layer* child : old.child) replace_in(child->parent);
    // A broadcast remembers its parent, and the layer whose shape it takes though it is no parent.
    for (Layer* layer : net.layers)
        if (auto* broadcast = dynamic_cast<LBroadcast*>(layer))
            for (Layer** remembered : {&broadcast->p1, &broadcast->p2})
                if (*remembered == &old) *remembered = &fresh;
    for (Optimizer* optimizer = net.optimizer; optimizer != nullptr;) {
        replace_in(optimizer->layers);
        const auto* wrapper = dynamic_cast<WrappedOptimizer*>(optimizer);
        optimizer = wrapper != nullptr ? wrapper->inner() : nullptr;
    }
    fresh.child.swap(old.child);
    std::swap(fresh.lout, old.lout);
    std::swap(fresh.target, old.target);
    // The net counts its layers' owners.
    fresh.increase_reference_counter();
    old.decrease_and_get_reference_counter();
    fresh.output = old.output;
}

void retire(Layer* old) noexcept {
    old->output = nullptr;
    old->parent.clear();
    delete old;
}

}  // namespace eddl_prune::adapter
