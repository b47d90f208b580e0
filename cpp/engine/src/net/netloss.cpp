#include "eddl/net/netloss.h"

#include <memory>
#include <utility>

#include "eddl/layers/core/layer_core.h"
#include "errors.h"

namespace {

void check_inputs(const std::vector<Layer *> &in) {
    if (in.empty()) eddl::invalid("newloss", "expected at least one layer, received none");
    for (const Layer *l : in) {
        if (l == nullptr) eddl::invalid("newloss", "a layer is missing (None)");
        if (l->net == nullptr || !l->net->isbuild)
            eddl::invalid("newloss", "layer '", l->name, "' is not part of a built net");
        if (l->net->isrecurrent)
            eddl::invalid("newloss", "layer '", l->name, "' is part of a recurrent net, which has it once a time step");
    }
}

// The graph's own trainable layers, if it has any, learn as those of the net below do.
Optimizer *optimizer_like(Optimizer *optimizer) {
    Optimizer *copy = optimizer->clone();
    return copy != nullptr ? copy : new SGD();
}

}  // namespace

NetLoss::NetLoss(const std::function<Layer *(std::vector<Layer *>)> &f, std::vector<Layer *> in, std::string name)
    : name(std::move(name)), input(std::move(in)) {
    check_inputs(input);
    for (std::size_t i = 0; i < input.size(); ++i)
        ginput.push_back(
            new LInput(new Tensor(input[i]->output->shape), "graph_input" + std::to_string(i), DEV_CPU, 0));
    fout = f(ginput);
    if (fout == nullptr) eddl::invalid("newloss", "the function of loss '", this->name, "' returned no layer");

    owned_ = std::make_shared<Net>(ginput, vlayer{fout});
    graph = owned_.get();
    const Net &below = *input[0]->net;
    // Level 0: the deltas of the graph's inputs must last until they are passed on to the layers below.
    CompServ *service = new CompServ(below.cs->threads_arg, {}, {}, below.cs->lsb, 0);
    graph->build(optimizer_like(below.optimizer), {new LMin()}, {new MSum()}, service, true, true, true);
}

NetLoss::NetLoss(const std::function<Layer *(Layer *)> &f, Layer *in, std::string name)
    : NetLoss([&f](std::vector<Layer *> layers) { return f(layers[0]); }, std::vector<Layer *>{in},
              std::move(name)) {}

NetLoss::NetLoss(const NetLoss &other) = default;
NetLoss::~NetLoss() = default;

void Net::backward(Layer *(*f)(Layer *), Layer *out) {
    NetLoss loss([f](Layer *l) { return f(l); }, out, "function");
    loss.compute();
    loss.graph->backward();
}

float NetLoss::compute() {
    graph->reset_grads();
    graph->forward(input);
    graph->delta();
    const Tensor *out = fout->output;
    value = fout->output->sum() / (static_cast<float>(out->size) / static_cast<float>(out->shape[0]));
    return value;
}
