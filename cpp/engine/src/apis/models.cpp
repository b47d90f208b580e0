#include "eddl/apis/models.h"

#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>

#include "apis/checked.h"
#include "eddl/layers/core/layer_core.h"
#include "errors.h"

namespace eddl {

namespace {

struct LossName {
    const char *name;
    Loss *(*make)();
};

struct MetricName {
    const char *name;
    Metric *(*make)();
};

template <typename Class, typename Base>
Base *make() { return new Class(); }

Loss *make_no_loss() { return new Loss("none"); }
Metric *make_no_metric() { return new Metric("none"); }

constexpr LossName LOSSES[] = {
    {"mean_squared_error", make<LMeanSquaredError, Loss>},
    {"mse", make<LMeanSquaredError, Loss>},
    {"categorical_cross_entropy", make<LCategoricalCrossEntropy, Loss>},
    {"cross_entropy", make<LCategoricalCrossEntropy, Loss>},
    {"ce", make<LCategoricalCrossEntropy, Loss>},
    {"cce", make<LCategoricalCrossEntropy, Loss>},
    {"binary_cross_entropy", make<LBinaryCrossEntropy, Loss>},
    {"bce", make<LBinaryCrossEntropy, Loss>},
    {"softmax_cross_entropy", make<LSoftCrossEntropy, Loss>},
    {"soft_cross_entropy", make<LSoftCrossEntropy, Loss>},
    {"sce", make<LSoftCrossEntropy, Loss>},
    {"deprecated_cross_entropy", make<LCrossEntropy, Loss>},
    {"dice", make<LDice, Loss>},
    {"mean_absolute_error", make<LMeanAbsoluteError, Loss>},
    {"mae", make<LMeanAbsoluteError, Loss>},
    {"mean_relative_error", make<LMeanRelativeError, Loss>},
    {"mean_squared_logarithmic_error", make<LMeanSquaredLogarithmicError, Loss>},
    {"hinge", make<LHinge, Loss>},
    {"min", make<LMin, Loss>},
    {"none", make_no_loss},
};

constexpr MetricName METRICS[] = {
    {"mean_squared_error", make<MMeanSquaredError, Metric>},
    {"mse", make<MMeanSquaredError, Metric>},
    {"categorical_accuracy", make<MCategoricalAccuracy, Metric>},
    {"accuracy", make<MCategoricalAccuracy, Metric>},
    {"binary_accuracy", make<MBinAccuracy, Metric>},
    {"mean_absolute_error", make<MMeanAbsoluteError, Metric>},
    {"mean_relative_error", make<MMeanRelativeError, Metric>},
    {"dice", make<MDice, Metric>},
    {"sum", make<MSum, Metric>},
    {"none", make_no_metric},
};

template <typename Table>
auto make_by_name(const char *function, const Table &table, const std::string &type) {
    std::vector<std::string> names;
    for (const auto &entry : table) {
        if (type == entry.name) return entry.make();
        names.emplace_back(entry.name);
    }
    invalid(function, "expected one of ", names, ", received '", type, "'");
}

int memory_level(const std::string &mem) {
    const std::array<const char *, 3> levels = {"full_mem", "mid_mem", "low_mem"};
    for (std::size_t i = 0; i < levels.size(); ++i)
        if (mem == levels[i]) return static_cast<int>(i);
    invalid("CS_CPU", "expected a memory level full_mem, mid_mem or low_mem, received '", mem, "'");
}

// Scripts build several nets with one service, one after the other or at once. So no net owns the services made here:
// they last as long as the process.
compserv keep(std::unique_ptr<CompServ> service) {
    static std::mutex mutex;
    static auto *services = new std::deque<std::unique_ptr<CompServ>>();
    const std::lock_guard<std::mutex> lock(mutex);
    services->push_back(std::move(service));
    return services->back().get();
}

template <typename T>
void release_all(std::vector<std::unique_ptr<T>> &owned) {
    for (auto &o : owned) static_cast<void>(o.release());
}

void build_net(model net, optimizer o, std::vector<std::unique_ptr<Loss>> losses,
               std::vector<std::unique_ptr<Metric>> metrics, CompServ *cs, bool init_weights) {
    if (the(net, "build").isbuild) return;
    std::unique_ptr<Optimizer> default_optimizer;
    if (o == nullptr) {
        default_optimizer.reset(new SGD(0.001f, 0.9f));
        o = default_optimizer.get();
    }
    if (cs == nullptr) cs = CS_CPU();
    vloss lo;
    vmetrics me;
    for (const auto &l : losses) lo.push_back(l.get());
    for (const auto &m : metrics) me.push_back(m.get());
    net->build(o, lo, me, cs, init_weights, true, false);
    // The net has them now.
    static_cast<void>(default_optimizer.release());
    release_all(losses);
    release_all(metrics);
}

template <typename Object, typename Make>
std::vector<std::unique_ptr<Object>> make_all(const char *what, model net, const std::vector<std::string> &names,
                                              Make make_one) {
    if (names.size() != the(net, "build").lout.size())
        invalid("build", "net '", net->name, "' has ", net->lout.size(), " outputs, received ", names.size(), " ", what,
                "; use \"none\" for outputs without one");
    std::vector<std::unique_ptr<Object>> objects;
    for (const std::string &name : names) objects.emplace_back(make_one(name));
    return objects;
}

// Every input layer that the outputs hang from must be named: nothing would ever fill it. (Decoders' take the targets.)
void require_inputs(const vlayer &in, const vlayer &out) {
    vlayer seen, pending = out;
    while (!pending.empty()) {
        Layer *l = &the(pending.back(), "Model");
        pending.pop_back();
        if (std::find(seen.begin(), seen.end(), l) != seen.end()) continue;
        seen.push_back(l);
        if (dynamic_cast<LInput *>(l) != nullptr && !l->isdecoder && std::find(in.begin(), in.end(), l) == in.end())
            invalid("Model", "the outputs depend on input layer '", l->name, "', which is not among the inputs");
        pending.insert(pending.end(), l->parent.begin(), l->parent.end());
    }
}

}  // namespace

model Model(vlayer in, vlayer out) {
    require_inputs(in, out);
    return new Net(in, out);
}

void setName(model m, std::string name) { the(m, "setName").name = name; }

vlayer getOut(model net) {
    Net &n = the(net, "getOut");
    if (!n.lout.empty()) return n.lout;
    vlayer ends;
    for (Layer *l : n.layers)
        if (l->child.empty()) ends.push_back(l);
    if (ends.empty()) invalid("getOut", "net '", n.name, "' has no outputs");
    return ends;
}

layer getLayer(model net, std::string l) { return the(net, "getLayer").getLayer(l); }
void removeLayer(model net, std::string l) { the(net, "removeLayer").removeLayer(l); }
void initializeLayer(model net, std::string l) { the(net, "initializeLayer").initializeLayer(l); }
void setTrainable(model net, std::string lname, bool val) { the(net, "setTrainable").setTrainable(lname, val); }

std::vector<vtensor> get_parameters(model net, bool deepcopy) {
    return the(net, "get_parameters").get_parameters(deepcopy);
}
void set_parameters(model net, const std::vector<vtensor> &params) {
    the(net, "set_parameters").set_parameters(params);
}
void clamp(model m, float min, float max) { the(m, "clamp").clamp(min, max); }

void build(model net, optimizer o, CompServ *cs, bool init_weights) { build_net(net, o, {}, {}, cs, init_weights); }

void build(model net, optimizer o, const std::vector<std::string> &lo, const std::vector<std::string> &me, CompServ *cs,
           bool init_weights) {
    auto losses = make_all<Loss>("losses", net, lo, getLoss);
    auto metrics = make_all<Metric>("metrics", net, me, getMetric);
    build_net(net, o, std::move(losses), std::move(metrics), cs, init_weights);
}

compserv CS_CPU(int th, std::string mem) {
    return keep(std::unique_ptr<CompServ>(new CompServ(th, {}, {}, 0, memory_level(mem))));
}
compserv CS_GPU(const std::vector<int> &, const std::string &) { not_available("CS_GPU"); }
compserv CS_GPU(const std::vector<int> &, int, const std::string &) { not_available("CS_GPU"); }
compserv CS_FPGA(const std::vector<int> &, int) { not_available("CS_FPGA"); }
compserv CS_COMPSS(const std::string &filename) { return keep(std::unique_ptr<CompServ>(new CompServ(filename))); }

void toCPU(model net, int th) { the(net, "toCPU").toCPU(th); }
void toGPU(model, const std::string &) { not_available("toGPU"); }
void toGPU(model, std::vector<int>, const std::string &) { not_available("toGPU"); }
void toGPU(model, std::vector<int>, int, const std::string &) { not_available("toGPU"); }
model toFPGA(model, int, int) { not_available("toFPGA"); }

void summary(model m) { the(m, "summary").summary(true); }
void plot(model m, const std::string &fname, const std::string &rankdir) { the(m, "plot").plot(fname, rankdir); }
void setlogfile(model net, const std::string &fname) { the(net, "setlogfile").setlogfile(fname); }
void load(model m, const std::string &fname, const std::string &format) { the(m, "load").load(fname, format); }
void save(model m, const std::string &fname, const std::string &format) { the(m, "save").save(fname, format); }

optimizer sgd(float lr, float momentum, float weight_decay, bool nesterov) {
    return new SGD(lr, momentum, weight_decay, nesterov);
}
optimizer adam(float lr, float beta_1, float beta_2, float epsilon, float weight_decay, bool amsgrad) {
    return new Adam(lr, beta_1, beta_2, epsilon, weight_decay, amsgrad);
}
optimizer rmsprop(float lr, float rho, float epsilon, float weight_decay) {
    return new RMSProp(lr, rho, epsilon, weight_decay);
}
optimizer adadelta(float lr, float rho, float epsilon, float weight_decay) {
    return new AdaDelta(lr, rho, epsilon, weight_decay);
}
optimizer adagrad(float lr, float epsilon, float weight_decay) { return new Adagrad(lr, epsilon, weight_decay); }
optimizer adamax(float lr, float beta_1, float beta_2, float epsilon, float weight_decay) {
    return new Adamax(lr, beta_1, beta_2, epsilon, weight_decay);
}
optimizer nadam(float lr, float beta_1, float beta_2, float epsilon, float schedule_decay) {
    return new Nadam(lr, beta_1, beta_2, epsilon, schedule_decay);
}
void setlr(model net, std::vector<float> p) { the(net, "setlr").setlr(p); }

Loss *getLoss(std::string type) { return make_by_name("getLoss", LOSSES, type); }
Metric *getMetric(std::string type) { return make_by_name("getMetric", METRICS, type); }

loss newloss(const std::function<Layer *(std::vector<Layer *>)> &f, std::vector<Layer *> in, std::string name) {
    return new NetLoss(f, in, name);
}
loss newloss(const std::function<Layer *(Layer *)> &f, Layer *in, std::string name) { return new NetLoss(f, in, name); }
metric newmetric(const std::function<Layer *(std::vector<Layer *>)> &f, std::vector<Layer *> in, std::string name) {
    return newloss(f, in, name);
}
metric newmetric(const std::function<Layer *(Layer *)> &f, Layer *in, std::string name) { return newloss(f, in, name); }

bool exist(std::string name) { return std::ifstream(name).good(); }

}  // namespace eddl
