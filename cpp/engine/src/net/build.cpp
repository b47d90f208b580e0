// From a graph to a net that computes: optimizer, losses, compute service, batch size.
#include <omp.h>

#include <memory>
#include <type_traits>

#include "eddl/net/net.h"
#include "errors.h"
#include "net/sequences.h"

void Net::require_built(const char *function) const {
    if (!isbuild) eddl::invalid(function, "net '", name, "' is not built");
}

void Net::build(Optimizer *opt, vloss lo, vmetrics me, CompServ *service, bool initialize) {
    if (isbuild) return;
    owns_measures_ = false;
    build(opt, lo, me, service, initialize, true, false);
}

void Net::build(Optimizer *opt, vloss lo, vmetrics me, CompServ *service, bool initialize, bool delete_optimizer,
                bool delete_compserv) {
    if (isbuild) return;
    if (opt == nullptr) eddl::invalid("build", "expected an optimizer, received none");
    if (service == nullptr) eddl::invalid("build", "expected a compute service, received none");
    if (service->type != "local") eddl::not_available("A distributed compute service");
    if (opt->user_ != nullptr)
        eddl::invalid("build", "the optimizer already belongs to net '", opt->user_->name,
                      "'; make a new one for each net");
    if (lo.size() > lout.size() || me.size() > lout.size())
        eddl::invalid("build", "net '", name, "' has ", lout.size(), " outputs, received ", lo.size(), " losses and ",
                      me.size(), " metrics");
    for (const Layer *l : layers) {
        if (l->dev != DEV_CPU) eddl::not_available("Layer '" + l->name + "' on device " + std::to_string(l->dev));
        isrecurrent = isrecurrent || l->isrecurrent;
        isdecoder = isdecoder || l->isdecoder;
    }
    if (isrecurrent) isencoder = eddl::Roles(*this).encodes;
    fts();
    bts();

    // Up to here and in these two lines an error leaves everything with its owner.
    opt->setlayers(layers);
    if (initialize) do_initialize();

    optimizer = opt;
    optimizer->user_ = this;
    do_optimizer_delete = delete_optimizer;
    onnx_pretrained = !initialize;
    losses = lo;
    metrics = me;
    for (Layer *l : layers) l->verbosity_level = verbosity_level;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        // The delta of this loss is by the softmax's input already.
        lout[i]->delta_bp = losses[i]->name == "softmax_cross_entropy" ? 1 : 0;
        lout[i]->check_target();
    }
    set_compserv(service, delete_compserv);
    snets = {this};
    isbuild = true;
}

// The layers are shared: a layer is deleted by the last net that holds it. What trains them is the copy's own.
Net::Net(const Net &other) : Net(other.lin, other.lout) {
    name = other.name;
    verbosity_level = other.verbosity_level;
    if (!other.isbuild) return;
    // What Python defines may be its own clone, and is its owner's then.
    const auto cloned = [this](const auto &measures) {
        std::decay_t<decltype(measures)> clones;
        for (auto *measure : measures) {
            clones.push_back(measure->clone());
            if (clones.back() == measure) owns_measures_ = false;
        }
        return clones;
    };
    std::unique_ptr<Optimizer> own(other.optimizer->clone());
    if (own == nullptr) eddl::invalid("Net", "the optimizer of net '", name, "' cannot be cloned");
    build(own.get(), cloned(other.losses), cloned(other.metrics), other.cs->clone(), false, true, true);
    own.release();
    batch_size = other.batch_size;
    trmode = other.trmode;
}

void Net::set_compserv(CompServ *service, bool owned) {
    if (do_compserv_delete && cs != service) delete cs;
    cs = service;
    do_compserv_delete = owned;
    mem_level = cs->mem_level;
    for (Layer *l : layers) l->set_mem_level(mem_level);
    omp_set_num_threads(cs->local_threads);
}

void Net::toCPU(int t) {
    if (!isbuild) return;  // there is nowhere else to be
    set_compserv(new CompServ(t, {}, {}, cs->lsb, mem_level), true);
    if (rnet != nullptr) rnet->set_compserv(cs, false);
}

void Net::resize(int batch) {
    require_built("resize");
    if (batch < 1) eddl::invalid("resize", "expected a batch size above 0, received ", batch);
    if (isrecurrent) {
        batch_size = batch;
        isresized = true;
        if (rnet != nullptr) rnet->resize(batch);
        return;
    }
    // A net that shares its input layers may have changed their batch meanwhile.
    bool fits = batch_size == batch;
    for (const vlayer *ends : {&lin, &lout})
        for (const Layer *l : *ends) fits = fits && l->output->shape[0] == batch;
    if (fits) return;
    batch_size = batch;
    isresized = true;
    for (Layer *l : layers)
        // What OutputMemory has released is made by do_forward. Inputs it never releases: they are filled before.
        if (l->output->shape[0] != 0 || l->parent.empty()) l->resize(batch);
    do_reset();
}

void Net::setmode(int m) {
    trmode = m;
    for (Layer *l : layers) l->setmode(m);
    if (rnet != nullptr) rnet->setmode(m);
}

void Net::setlr(std::vector<float> p) {
    require_built("setlr");
    optimizer->change(p);
}
