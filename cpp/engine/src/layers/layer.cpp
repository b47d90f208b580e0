#include "eddl/layers/layer.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "errors.h"
#include "layers/common.h"

namespace {

// Characters that graphviz gives a meaning.
std::string plain_name(std::string name) {
    for (char &c : name)
        if (c == '/' || c == '-' || c == ':') c = '_';
    return name;
}

void delete_all(vtensor &tensors) {
    for (Tensor *t : tensors) delete t;
    tensors.clear();
}

void fill_zero(const vtensor &tensors) {
    for (Tensor *t : tensors) t->fill_(0.0f);
}

bool same_sample_shape(const Tensor *a, const Tensor *b) {
    return a->shape.size() == b->shape.size() && std::equal(a->shape.begin() + 1, a->shape.end(), b->shape.begin() + 1);
}

void print_tensor(const char *title, Tensor *t) {
    std::cout << title << ":\n";
    if (t != nullptr) t->info();
    else std::cout << "  none\n";
}

void print_names(const char *title, const vlayer &layers) {
    std::cout << title << ":";
    for (const Layer *l : layers) std::cout << " " << l->name;
    std::cout << "\n";
}

}  // namespace

Layer::Layer(std::string name, int dev, int mem, const std::string &name_id)
    : name(plain_name(std::move(name))), mem_level(mem), dev(dev), name_id_(name_id) {
    set_initializer(std::unique_ptr<Initializer>(new IGlorotUniform(1234)));
}

Layer::Layer(const Layer &other)
    : name(other.name), input(other.input), output(other.output), target(other.target), delta(other.delta),
      orig(other.orig), sorig(other.sorig), net(other.net), trainable(other.trainable), mem_level(other.mem_level),
      isrecurrent(other.isrecurrent), isshared(other.isshared), iscloned(other.iscloned), isnorm(other.isnorm),
      isdecoder(other.isdecoder), distributed_training(other.distributed_training), params(other.params),
      gradients(other.gradients), states(other.states), delta_states(other.delta_states),
      acc_gradients(other.acc_gradients), parent(other.parent), child(other.child), clones(other.clones),
      reg(other.reg), init(other.init), mode(other.mode), dev(other.dev), lin(other.lin), lout(other.lout),
      delta_bp(other.delta_bp), detached(other.detached), do_deletes(false), verbosity_level(other.verbosity_level),
      borrows_(true), name_id_(other.name_id_) {}

Layer &Layer::operator=(const Layer &other) {
    if (this == &other) return *this;
    const_cast<Layer &>(other).copy(this);
    trainable = other.trainable;
    mode = other.mode;
    return *this;
}

Layer::~Layer() {
    if (!do_deletes) {  // whoever cleared the flag has replaced these and deleted them
        own_reg_.release();
        own_init_.release();
    }
    if (borrows_) return;
    unlink();
    for (Tensor *t : states)
        if (t != output) delete t;
    for (Tensor *t : delta_states)
        if (t != delta) delete t;
    delete output;
    delete delta;
    delete target;
    if (isshared) return;
    delete_all(params);
    delete_all(gradients);
    delete_all(acc_gradients);
}

// Layers of a net go one by one, and some outlive it in other nets: nobody may keep a pointer to one that is gone.
void Layer::unlink() {
    const auto forget = [this](vlayer &list) { list.erase(std::remove(list.begin(), list.end(), this), list.end()); };
    for (Layer *p : parent) {
        forget(p->child);
        p->lout = static_cast<int>(p->child.size());
    }
    for (Layer *c : child) {
        forget(c->parent);
        c->lin = static_cast<int>(c->parent.size());
    }
}

void Layer::append_child(Layer *l) {
    child.push_back(l);
    ++lout;
}

void Layer::append_parent(Layer *l) {
    parent.push_back(l);
    ++lin;
}

void Layer::addchild(Layer *) {}
void Layer::addparent(Layer *) {}

void Layer::detach(Layer *l) {
    child.erase(std::remove(child.begin(), child.end(), l), child.end());
    lout = static_cast<int>(child.size());
}

void Layer::set_detach() { detached = true; }

void Layer::forward() {}
void Layer::backward() {}

void Layer::reset() {
    if (delta != nullptr) {
        delta->fill_(0.0f);
        fill_zero(states);
        for (Tensor *d : delta_states)
            if (d != delta) d->fill_(0.0f);
    }
    detached = false;
}

void Layer::zeroGrads() { fill_zero(gradients); }

void Layer::resize(int batch) {
    if (output != nullptr) output->resize(batch);
}

void Layer::setmode(int m) { mode = m; }

void Layer::check_target() {
    if (target != nullptr && target->shape == output->shape) return;
    delete target;
    target = nullptr;
    target = new Tensor(output->shape, dev);
}

void Layer::mem_delta_parent() {
    for (Layer *p : parent) p->mem_delta();
}

void Layer::mem_delta() {
    if (delta != nullptr && delta->shape == output->shape) return;
    if (delta != nullptr && same_sample_shape(delta, output)) {
        // Backward adds into deltas, so what comes from another batch size must not be seen.
        delta->resize(output->shape[0]);
        delta->fill_(0.0f);
        return;
    }
    free_delta();
    delta = Tensor::zeros(output->shape, output->device);
}

void Layer::free_delta() {
    delete delta;
    delta = nullptr;
}

void Layer::set_mem_level(int mem) { mem_level = mem; }

void Layer::initialize() {
    for (Tensor *p : params) init->apply(p);
}

int Layer::get_trainable_params_count() { return static_cast<int>(params.size()); }

void Layer::setTrainable(bool value) { trainable = value; }

void Layer::copy(Layer *l2) {
    if (l2 == nullptr) eddl::invalid("Layer.copy", "a layer is missing (None)");
    if (params.size() != l2->params.size())
        eddl::invalid("Layer.copy", "layer '", l2->name, "' has ", l2->params.size(), " parameter tensors, '", name,
                      "' has ", params.size());
    for (std::size_t i = 0; i < params.size(); ++i)
        if (!eddl::fits_parameter(*l2, i, *params[i]))
            eddl::invalid("Layer.copy", "parameter ", i, " of layer '", l2->name, "' has shape ", l2->params[i]->shape,
                          ", that of '", name, "' ", params[i]->shape);
    for (std::size_t i = 0; i < params.size(); ++i) eddl::set_parameter(*l2, i, *params[i]);
}

void Layer::set_initializer(std::unique_ptr<Initializer> initializer) {
    own_init_ = std::move(initializer);
    init = own_init_.get();
}

void Layer::set_regularizer(std::unique_ptr<Regularizer> regularizer) {
    own_reg_ = std::move(regularizer);
    reg = own_reg_.get();
}

void Layer::clamp(float min, float max) {
    for (Tensor *p : params) p->clamp_(min, max);
}

void Layer::save(std::ofstream &ofs, std::string format) {
    for (Tensor *p : params) p->savefs(ofs, format);
}

void Layer::load(std::ifstream &ifs, std::string format) {
    std::vector<std::unique_ptr<Tensor>> loaded;
    for (std::size_t i = 0; i < params.size(); ++i) {
        loaded.emplace_back(Tensor::loadfs(ifs, format));
        if (!eddl::fits_parameter(*this, i, *loaded.back()))
            eddl::invalid("Layer.load", "layer '", name, "' expects a parameter of shape ", params[i]->shape,
                          ", the file has one of shape ", loaded.back()->shape);
    }
    for (std::size_t i = 0; i < params.size(); ++i) eddl::set_parameter(*this, i, *loaded[i]);
}

void Layer::enable_distributed() {
    distributed_training = true;
    while (acc_gradients.size() < gradients.size())
        acc_gradients.push_back(Tensor::zeros_like(gradients[acc_gradients.size()]));
}

void Layer::reset_accumulated_gradients() { fill_zero(acc_gradients); }

void Layer::apply_accumulated_gradients() { accumulate_accumulated_gradients(acc_gradients); }

void Layer::accumulate_accumulated_gradients(vtensor grads) {
    if (grads.size() > params.size())
        eddl::invalid("Layer.accumulate_accumulated_gradients", "layer '", name, "' has ", params.size(),
                      " parameter tensors, received ", grads.size());
    for (std::size_t i = 0; i < grads.size(); ++i) params[i]->add_(grads[i]);
    if (reg != nullptr && !grads.empty()) reg->apply(params[0]);
}

void Layer::update_weights(vtensor weights) {
    if (weights.size() > params.size())
        eddl::invalid("Layer.update_weights", "layer '", name, "' has ", params.size(),
                      " parameter tensors, received ", weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) Tensor::copy(weights[i], params[i]);
}

Layer *Layer::share(int, int, vlayer) { return nullptr; }
Layer *Layer::clone(int, int, vlayer, int) { return nullptr; }

std::string Layer::plot(int) { return ""; }

void Layer::info() {
    std::cout << "\nLayer " << name << "\n";
    print_names("Parents", parent);
    print_names("Children", child);
    print_tensor("Input", input);
    for (Tensor *p : params) print_tensor("Parameter", p);
    print_tensor("Output", output);
    std::cout << std::flush;
}

std::vector<int> Layer::getShape() { return output->shape; }

std::string Layer::get_name_id() { return name_id_; }

void Layer::increase_reference_counter() { ++reference_counter_; }

int Layer::decrease_and_get_reference_counter() { return --reference_counter_; }

LinLayer::LinLayer(std::string name, int dev, int mem, const std::string &name_id)
    : Layer(std::move(name), dev, mem, name_id) {}

void LinLayer::addchild(Layer *l) { append_child(l); }

void LinLayer::addparent(Layer *l) {
    if (!parent.empty())
        eddl::invalid("Layer.addparent", "layer '", name, "' takes one parent and has '", parent[0]->name,
                      "'; received '", l->name, "'");
    append_parent(l);
}

MLayer::MLayer(std::string name, int dev, int mem) : Layer(std::move(name), dev, mem) {}

void MLayer::addchild(Layer *l) { append_child(l); }

void MLayer::addparent(Layer *l) { append_parent(l); }
