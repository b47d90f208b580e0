// The graph of a net: which layers it has, in which order, and who deletes them.
#include "eddl/net/net.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "errors.h"

namespace {

using Links = std::vector<std::vector<std::size_t>>;

bool contains(const vlayer &list, const Layer *l) { return std::find(list.begin(), list.end(), l) != list.end(); }

// For each layer the positions of its children in the net, read off the children's parents.
Links child_links(const vlayer &layers) {
    std::unordered_map<const Layer *, std::size_t> position;
    for (std::size_t i = 0; i < layers.size(); ++i) position[layers[i]] = i;
    Links links(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i)
        for (const Layer *p : layers[i]->parent) {
            const auto found = position.find(p);
            if (found != position.end()) links[found->second].push_back(i);
        }
    return links;
}

// Layers so that each comes before those that it links to; of those that could come next, the first in the list.
vlayer sorted(const vlayer &layers, const Links &links, const char *function) {
    std::vector<std::size_t> waiting_for(layers.size(), 0);
    for (const auto &targets : links)
        for (std::size_t j : targets) ++waiting_for[j];
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<std::size_t>> ready;
    for (std::size_t i = 0; i < layers.size(); ++i)
        if (waiting_for[i] == 0) ready.push(i);
    vlayer order;
    while (!ready.empty()) {
        const std::size_t i = ready.top();
        ready.pop();
        order.push_back(layers[i]);
        for (std::size_t j : links[i])
            if (--waiting_for[j] == 0) ready.push(j);
    }
    if (order.size() != layers.size()) eddl::invalid(function, "the layers form a cycle");
    return order;
}

// Adds `first` and all layers behind it that the list lacks, each before what hangs from it. Nets may be deep: no
// recursion.
template <typename Next>
void collect(Layer *first, vlayer &list, Net &net, Next next) {
    std::unordered_set<const Layer *> known(list.begin(), list.end());
    vlayer waiting{first};
    while (!waiting.empty()) {
        Layer *l = waiting.back();
        waiting.pop_back();
        if (!known.insert(l).second) continue;
        l->net = &net;
        list.push_back(l);
        const vlayer more = next(l);
        waiting.insert(waiting.end(), more.rbegin(), more.rend());
    }
}

void close_log(FILE *&log, bool &has_to_close) {
    if (has_to_close && log != nullptr) std::fclose(log);
    log = nullptr;
    has_to_close = false;
}

template <typename T>
void delete_each_once(std::vector<T *> &objects) {
    std::sort(objects.begin(), objects.end());
    objects.erase(std::unique(objects.begin(), objects.end()), objects.end());
    for (T *object : objects) delete object;
    objects.clear();
}

}  // namespace

Net::Net() = default;

Net::Net(vlayer in, vlayer out) : Net() {
    for (const vlayer *ends : {&in, &out})
        if (contains(*ends, nullptr)) eddl::invalid("Model", "a layer is missing (None)");
    lin = in;
    lout = out;
    for (Layer *l : lin) walk(l, lout);
    for (Layer *l : lout) walk_back(l);
    if (layersf.empty() && layersb.empty()) eddl::invalid("Model", "expected input or output layers, received none");

    layers = layersf;
    const std::unordered_set<const Layer *> forward(layersf.begin(), layersf.end());
    for (Layer *l : layersb)
        if (forward.count(l) == 0) layers.push_back(l);
    layers = sorted(layers, child_links(layers), "Model");
    for (Layer *l : layers) l->increase_reference_counter();

    size_totals();
}

void Net::size_totals() {
    total_loss.assign(lout.size(), 0.0f);
    total_metric.assign(lout.size(), 0.0f);
    fiterr.assign(2 * lout.size(), 0.0f);
}

Net::~Net() {
    delete rnet;
    close_log(flog_tr, has_to_close_flog_tr);
    close_log(flog_ts, has_to_close_flog_ts);
    if (optimizer != nullptr && optimizer->user_ == this) {
        optimizer->user_ = nullptr;
        if (do_optimizer_delete) delete optimizer;
    }
    if (owns_measures_) {
        delete_each_once(losses);
        delete_each_once(metrics);
    }
    // Children first: some of them view their parents' memory.
    for (auto l = layers.rbegin(); l != layers.rend(); ++l) {
        if ((*l)->net == this) (*l)->net = nullptr;
        if ((*l)->decrease_and_get_reference_counter() == 0) delete *l;
    }
    if (do_compserv_delete) delete cs;
}

int Net::inNet(Layer *l) { return contains(layers, l) ? 1 : 0; }
int Net::inNetF(Layer *l) { return contains(layersf, l) ? 1 : 0; }
int Net::inNetB(Layer *l) { return contains(layersb, l) ? 1 : 0; }

void Net::walk(Layer *l, vlayer lout) {
    collect(l, layersf, *this, [&](Layer *each) {
        return contains(lout, each) ? vlayer{} : each->child;  // what lies beyond an output is not this net's
    });
}

void Net::walk_back(Layer *l) {
    if (l == nullptr) eddl::invalid("walk_back", "a layer is missing (None)");
    collect(l, layersb, *this, [](Layer *each) { return each->parent; });
}

void Net::fts() { vfts = sorted(layers, child_links(layers), "Net.fts"); }

void Net::bts() {
    vbts = sorted(layers, child_links(layers), "Net.bts");
    std::reverse(vbts.begin(), vbts.end());
}

Layer *Net::find(const std::string &layer, const char *function) const {
    for (Layer *l : layers)
        if (l->name == layer) return l;
    eddl::invalid(function, "net '", name, "' has no layer named '", layer, "'");
}

Layer *Net::getLayer(std::string l) { return find(l, "getLayer"); }

void Net::removeLayer(std::string l) {
    Layer *gone = find(l, "removeLayer");
    if (isbuild) eddl::invalid("removeLayer", "layers can be removed before build only; net '", name, "' is built");
    if (!gone->child.empty())
        eddl::invalid("removeLayer", "layer '", l, "' feeds layer '", gone->child[0]->name, "': remove that one first");
    for (vlayer *list : {&layers, &layersf, &layersb, &lin, &lout})
        list->erase(std::remove(list->begin(), list->end(), gone), list->end());
    size_totals();
    if (gone->decrease_and_get_reference_counter() == 0) delete gone;
}

void Net::initializeLayer(std::string l) { find(l, "initializeLayer")->initialize(); }

void Net::setTrainable(std::string lname, bool val) { find(lname, "setTrainable")->setTrainable(val); }

void Net::enable_distributed() {
    for (Layer *l : layers) l->enable_distributed();
}

void Net::reset_accumulated_gradients() {
    for (Layer *l : layers) l->reset_accumulated_gradients();
}

void Net::apply_accumulated_gradients() {
    for (Layer *l : layers) l->apply_accumulated_gradients();
}

// Without devices the layers hold the only copy: nothing to gather or to spread.
void Net::collect_acc_grads() {}
void Net::distribute_weights() {}
void Net::sync_weights() {}
void collectTensor(Layer *, std::string, int) {}
void distributeTensor(Layer *, std::string, int) {}

void Net::toGPU(std::vector<int>, int, int) { eddl::not_available("Running on GPUs"); }

// A batch on the CPU is spread over threads inside each layer, not over copies of the net.
void Net::split(int parts, int device) {
    if (device != DEV_CPU) eddl::not_available("Splitting a net over devices");
    if (parts < 1) eddl::invalid("split", "expected a number of parts above 0, received ", parts);
    snets = {this};
}
