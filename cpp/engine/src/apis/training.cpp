#include "eddl/apis/training.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iomanip>
#include <memory>
#include <numeric>
#include <sstream>

#include "apis/checked.h"
#include "eddl/apis/models.h"
#include "eddl/random.h"
#include "errors.h"
#include "profile.h"
#include "tensor/input_file.h"

namespace eddl {

namespace {

int samples_of(const char *function, const vtensor &tensors) {
    if (tensors.empty() || tensors[0] == nullptr || tensors[0]->shape.empty())
        invalid(function, "expected at least one tensor");
    return tensors[0]->shape[0];
}

std::vector<int> all_indices(const char *function, const vtensor &tensors) {
    std::vector<int> indices(static_cast<std::size_t>(samples_of(function, tensors)));
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
}

// What a recurrent net computes with in the layer's place: its copies, first time step first; else the layer itself.
vlayer time_steps(layer l) {
    if (l->net == nullptr || l->net->rnet == nullptr) return {l};
    vlayer copies;
    for (Layer *copy : l->net->rnet->layers)
        if (copy->sorig == l) copies.push_back(copy);
    return copies.empty() ? vlayer{l} : copies;
}

// A tensor of a layer, by its member, or by a list and an index into it.
Tensor *existing(const char *function, layer l, Tensor *Layer::*member) {
    Tensor *t = the(l, function).*member;
    if (t == nullptr)
        invalid(function, "layer '", l->name, "' has none now",
                member == &Layer::delta ? "; deltas last from forward to backward, and longer only with full_mem" : "");
    if (member == &Layer::output && t->shape[0] == 0) {
        // With low_mem it was released. In inference the batch can be had again, from the inputs that are still there.
        if (l->net == nullptr || l->net->trmode != TSMODE)
            invalid(function, "layer '", l->name, "' has no output now: with low_mem, training keeps only those that "
                    "backward reads; forward keeps all");
        l->net->do_forward();
    }
    return t;
}

// A copy of it; all time steps in one, [steps, batch, …], if the layer is one of a recurrent net.
Tensor *copy_of(const char *function, layer l, Tensor *Layer::*member) {
    if (the(l, function).net == nullptr || l->net->rnet == nullptr) return existing(function, l, member)->clone();
    vtensor steps;
    for (layer copy : time_steps(l)) steps.push_back(existing(function, copy, member));
    return Tensor::stack(steps, 0);
}

Tensor *at(const char *function, layer l, vtensor Layer::*list, int p) {
    const vtensor &tensors = the(l, function).*list;
    if (p < 0 || p >= static_cast<int>(tensors.size()))
        invalid(function, "layer '", l->name, "' has ", tensors.size(), " of them, received index ", p);
    return tensors[static_cast<std::size_t>(p)];
}

vtensor clones(const char *function, layer l, vtensor Layer::*list) {
    vtensor copies;
    for (Tensor *t : the(l, function).*list) copies.push_back(t->clone());
    return copies;
}

void copy_checked(const char *function, const Layer *from, const Layer *to, Tensor *a, Tensor *b) {
    if (a->shape != b->shape)
        invalid(function, "layer '", from->name, "' has shape ", a->shape, ", layer '", to->name, "' ", b->shape);
    Tensor::copy(a, b);
}

}  // namespace

void fit(model m, const vtensor &in, const vtensor &out, int batch, int epochs) {
    the(m, "fit").fit(in, out, batch, epochs);
}
void evaluate(model m, const vtensor &in, const vtensor &out, int bs) { the(m, "evaluate").evaluate(in, out, bs); }
vtensor predict(model m, const vtensor &in) { return the(m, "predict").predict(in); }

void train_batch(model net, vtensor in, vtensor out, std::vector<int> indices) {
    the(net, "train_batch").train_batch(in, out, indices);
    ++net->tr_batches;
}

void train_batch(model net, vtensor in, vtensor out) { train_batch(net, in, out, all_indices("train_batch", in)); }

void eval_batch(model net, vtensor in, vtensor out, std::vector<int> indices) {
    the(net, "eval_batch").train_batch(in, out, indices, 1);
}

void eval_batch(model net, vtensor in, vtensor out) { eval_batch(net, in, out, all_indices("eval_batch", in)); }

void next_batch(vtensor in, vtensor out) {
    const int samples = samples_of("next_batch", in), batch = samples_of("next_batch", out);
    if (in.size() > out.size())
        invalid("next_batch", "expected an output for each of ", in.size(), " inputs, received ", out.size());
    const std::vector<int> indices = random_indices(batch, samples);
    for (std::size_t i = 0; i < in.size(); ++i) Tensor::select(in[i], out[i], indices, 0, batch);
}

std::vector<int> random_indices(int batch_size, int num_samples) {
    if (batch_size < 1 || num_samples < 1)
        invalid("random_indices", "expected a batch size and a number of samples above 0, received ",
                batch_size, " and ", num_samples);
    std::vector<int> indices(static_cast<std::size_t>(batch_size));
    for (int &i : indices) i = static_cast<int>(random_bits() % static_cast<std::uint64_t>(num_samples));
    return indices;
}

void set_mode(model net, int mode) { the(net, "set_mode").setmode(mode); }

vlayer forward(model m, vlayer in) {
    the(m, "forward").forward(in);
    return getOut(m);
}

vlayer forward(model m, vtensor in) {
    the(m, "forward").forward(in);
    return getOut(m);
}

vlayer forward(model m) {
    the(m, "forward").forward();
    return getOut(m);
}

vlayer forward(model m, int b) {
    the(m, "forward").resize(b);
    return forward(m);
}

void zeroGrads(model m) { the(m, "zeroGrads").reset_grads(); }
void backward(model m, vtensor target) { the(m, "backward").backward(target); }
void backward(model net) { the(net, "backward").backward(vtensor{}); }
void backward(loss l) { the(l, "backward").graph->backward(); }
void optimize(loss l) { backward(l); }

void optimize(std::vector<loss> l) {
    for (loss each : l) optimize(each);
}

void update(model m) { the(m, "update").update(); }

layer detach(layer l) {
    the(l, "detach").set_detach();
    return l;
}

vlayer detach(vlayer l) {
    for (layer each : l) detach(each);
    return l;
}

void reset_loss(model m) { the(m, "reset_loss").reset_loss(); }
void print_loss(model m, int batch) { the(m, "print_loss").print_loss(batch); }
std::vector<float> get_losses(model m) { return the(m, "get_losses").get_losses(); }
std::vector<float> get_metrics(model m) { return the(m, "get_metrics").get_metrics(); }
float compute_loss(loss L) { return the(L, "compute_loss").compute(); }
float compute_metric(loss L) { return the(L, "compute_metric").compute(); }

void show_profile() { print_profile(); }
void reset_profile() { clear_profile(); }

std::string get_topk_predictions(Tensor *class_probs, const std::vector<std::string> &class_names, int k,
                                 int decimals) {
    if (class_probs == nullptr || class_probs->size == 0)
        invalid("get_topk_predictions", "expected the probabilities of the classes, received none");
    if (class_probs->size != class_names.size())
        invalid("get_topk_predictions", "received ", class_probs->size, " probabilities and ", class_names.size(),
                " class names");
    if (k < 1 || static_cast<std::size_t>(k) > class_names.size())
        invalid("get_topk_predictions", "expected k from 1 to ", class_names.size(), ", received ", k);
    constexpr int MAX_DECIMALS = 30;
    if (decimals < 0 || decimals > MAX_DECIMALS)
        invalid("get_topk_predictions", "expected from 0 to ", MAX_DECIMALS, " decimals, received ", decimals);
    std::vector<std::size_t> order(class_names.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const float *p = class_probs->ptr;
    const auto before = [p](std::size_t a, std::size_t b) {  // what is no number comes last
        return p[a] > p[b] || (std::isnan(p[b]) && !std::isnan(p[a]));
    };
    std::stable_sort(order.begin(), order.end(), before);
    std::ostringstream text;
    text << std::fixed << std::setprecision(decimals);
    for (int i = 0; i < k; ++i) {
        const std::size_t c = order[static_cast<std::size_t>(i)];
        text << i + 1 << ". " << class_names[c] << " (" << p[c] * 100.0f << "%)\n";
    }
    return text.str();
}

std::vector<std::string> read_txt_file(const std::string &filename) {
    std::ifstream file = open_to_read("read_txt_file", filename);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

Tensor *getOutput(layer l1) { return copy_of("getOutput", l1, &Layer::output); }
Tensor *getInput(layer l1) { return copy_of("getInput", l1, &Layer::input); }
Tensor *getDelta(layer l1) { return copy_of("getDelta", l1, &Layer::delta); }
Tensor *getParam(layer l1, int p) { return at("getParam", l1, &Layer::params, p)->clone(); }
Tensor *getGradient(layer l1, int p) { return at("getGradient", l1, &Layer::gradients, p)->clone(); }
// The states after the last time step.
Tensor *getState(layer l1, int p) {
    return at("getState", time_steps(&the(l1, "getState")).back(), &Layer::states, p)->clone();
}
vtensor getParams(layer l1) { return clones("getParams", l1, &Layer::params); }
vtensor getGradients(layer l1) { return clones("getGradients", l1, &Layer::gradients); }
vtensor getStates(layer l1) {
    return clones("getStates", time_steps(&the(l1, "getStates")).back(), &Layer::states);
}

void copyOutput(Layer *l1, Layer *l2) {
    copy_checked("copyOutput", l1, l2, existing("copyOutput", l1, &Layer::output),
                 existing("copyOutput", l2, &Layer::output));
}

void copyDelta(Layer *l1, Layer *l2) {
    Tensor *from = existing("copyDelta", l1, &Layer::delta);
    the(l2, "copyDelta").mem_delta();
    copy_checked("copyDelta", l1, l2, from, l2->delta);
}

void copyParam(Layer *l1, Layer *l2, int p) {
    if (p == -1) return the(l1, "copyParam").copy(&the(l2, "copyParam"));
    copy_checked("copyParam", l1, l2, at("copyParam", l1, &Layer::params, p), at("copyParam", l2, &Layer::params, p));
}

void copyGradient(Layer *l1, Layer *l2, int p) {
    copy_checked("copyGradient", l1, l2, at("copyGradient", l1, &Layer::gradients, p),
                 at("copyGradient", l2, &Layer::gradients, p));
}

// Parameters have one home without devices.
void distributeParams(Layer *) {}

}  // namespace eddl
