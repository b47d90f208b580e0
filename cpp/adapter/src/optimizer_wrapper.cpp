#include "eddl_prune/adapter/optimizer_wrapper.h"

#include <mutex>
#include <set>
#include <stdexcept>
#include <string>

#include "eddl/net/net.h"
#include "eddl/utils.h"
#include "eddl_prune/adapter/errors.h"

namespace eddl_prune::adapter {

namespace {

// The optimizers that a wrapper owns. Two wrappers of one optimizer would delete it twice, and EDDL's class has no room
// for a mark.
class OwnedOptimizers {
public:
    bool contains(const Optimizer* optimizer) {
        const std::lock_guard<std::mutex> lock(mutex_);
        return owned_.count(optimizer) != 0;
    }
    void insert(const Optimizer* optimizer) {
        const std::lock_guard<std::mutex> lock(mutex_);
        owned_.insert(optimizer);
    }
    void erase(const Optimizer* optimizer) {
        const std::lock_guard<std::mutex> lock(mutex_);
        owned_.erase(optimizer);
    }

private:
    std::mutex mutex_;
    std::set<const Optimizer*> owned_;
};

// Never destroyed: nets may outlive static objects.
OwnedOptimizers& owned_optimizers() {
    static auto* owned = new OwnedOptimizers;
    return *owned;
}

// A parameter of value 0 with the gradient 2, to see what one step of an optimizer does to them.
// EDDL's ~Layer deletes the tensors.
class Probe : public Layer {
public:
    Probe() : Layer("probe", DEV_CPU, 0) {
        for (auto* list : {&params, &gradients})
            list->push_back(Tensor::full({1}, list == &params ? 0.0f : 2.0f, DEV_CPU));
    }
    float weight() const { return params.front()->ptr[0]; }
    float gradient() const { return gradients.front()->ptr[0]; }
};

#if defined(EDDL_EMBEDDED_ENGINE)
const char* const allowed = "; allowed: SGD, Adam, RMSProp, AdaDelta, Adagrad, Adamax, Nadam";
#else
const char* const allowed = "; allowed: SGD, Adam, RMSProp";
#endif

// Watches a clone of the optimizer instead of trusting its class: an engine may or may not square in place.
GradientAfterStep watch_step(const std::string& class_name, Optimizer& optimizer) {
    const std::string cannot = class_name + ": cannot wrap this optimizer: ";
    Probe probe;
    const std::unique_ptr<Optimizer> clone(unwrap(&optimizer)->clone());  // wrappers leave gradients alone
    if (clone == nullptr) throw std::invalid_argument(cannot + "its class takes no step" + allowed);
    clone->set_clip_val(-1.0f);
    clone->setlayers({&probe});
    clone->applygrads(1);
    if (probe.gradient() == 2.0f) return GradientAfterStep::kept;
    if (probe.gradient() == 4.0f) return GradientAfterStep::squared;
    throw std::invalid_argument(cannot + "its step overwrites the gradients" + allowed);
}

Optimizer* require_free(const std::string& class_name, Optimizer* inner) {
    if (inner == nullptr) throw std::invalid_argument(class_name + ": expected an optimizer to wrap, received None");
    if (!inner->layers.empty() || inner->isshared)
        throw std::invalid_argument(class_name + ": the optimizer already belongs to a net; make a new one");
    if (owned_optimizers().contains(inner))
        throw std::invalid_argument(class_name + ": the optimizer is already wrapped; make a new one");
    return inner;
}

}  // namespace

WrappedOptimizer::WrappedOptimizer(const char* class_name, Optimizer* inner)
    : gradient_after_step_(watch_step(class_name, *require_free(class_name, inner))) {
    name = class_name;
    orig = nullptr;
    clip_val = inner->clip_val;
    owned_optimizers().insert(inner);
    inner_.reset(inner);
}

WrappedOptimizer::~WrappedOptimizer() { owned_optimizers().erase(inner_.get()); }

void WrappedOptimizer::setlayers(vlayer l) {
    try {
        if (!layers.empty() && layers != l)
            throw std::invalid_argument(name + ": already belongs to another net; make a new one for each net");
        for (const Layer* layer : l)
            if (layer->dev != DEV_CPU) throw PruneError(name + ": works on the CPU only; build the net with CS_CPU");
        if (!isshared) check_layers(l);
    } catch (...) {
        // EDDL's build has noted this optimizer already, and would delete it with the net.
        Net* net = l.empty() ? nullptr : l.front()->net;
        if (net != nullptr && net->optimizer == this) net->optimizer = nullptr;
        throw;
    }
    layers = l;
    inner_->setlayers(l);
}

void WrappedOptimizer::applygrads(int batch) {
    if (isshared) {
        orig->applygrads(batch);
        return;
    }
    inner_->set_clip_val(clip_val);  // set_clip_val is not virtual: it only reaches the outermost optimizer
    before_step();
    inner_->applygrads(batch);
    after_step();
}

void WrappedOptimizer::change(vector<float> p) { inner_->change(p); }

Optimizer* WrappedOptimizer::clone() {
    std::unique_ptr<Optimizer> inner(inner_->clone());
    WrappedOptimizer* copy = rewrap(inner.get());
    inner.release();
    copy->clip_val = clip_val;
    return copy;
}

Optimizer* WrappedOptimizer::share() {
    auto* copy = static_cast<WrappedOptimizer*>(clone());
    copy->inner_->isshared = true;  // its setlayers must not allocate moments that nobody uses
    copy->inner_->orig = inner_.get();
    copy->isshared = true;
    copy->orig = this;
    return copy;
}

Optimizer* unwrap(Optimizer* optimizer) {
    while (auto* wrapped = dynamic_cast<WrappedOptimizer*>(optimizer)) optimizer = wrapped->inner();
    return optimizer;
}

}  // namespace eddl_prune::adapter
