// A net: layers in order, what trains them, and the loops that do so.
#ifndef EDDL_NET_NET_H
#define EDDL_NET_NET_H

#include <cstdio>
#include <string>
#include <vector>

#include "eddl/layers/layer.h"
#include "eddl/losses/loss.h"
#include "eddl/metrics/metric.h"
#include "eddl/net/compserv.h"
#include "eddl/optimizers/optim.h"

using Mtensor = std::vector<vtensor>;
using verr = std::vector<float>;
using vind = std::vector<int>;
using vloss = std::vector<Loss *>;
using vmetrics = std::vector<Metric *>;

namespace eddl {
class OutputMemory;
}

// A macro, since code written for EDDL tests and passes it as one.
#define MAX_THREADS 1024

// Ownership: unless told otherwise at build, the net deletes its losses, metrics and optimizer; a layer is deleted by the
// last net that holds it. On the CPU a built net computes by itself: snets == {this}.
class Net {
public:
    std::string name = "model";
    int dev = DEV_CPU;
    int batch_size = 1;
    int tr_batches = 0;
    int inferenced_samples = 0;
    int trmode = TRMODE;
    int mem_level = 0;
    unsigned int verbosity_level = 0;
    bool onnx_pretrained = false;
    bool isrecurrent = false;
    bool isbuild = false;
    bool isdecoder = false;
    bool isencoder = false;
    bool isresized = false;
    bool decoder_teacher_training = true;
    int decsize = 1;           // how many outputs, one after the other, are time steps of one layer (unrolled nets)

    std::vector<int> devsel;
    CompServ *cs = nullptr;
    bool do_compserv_delete = true;

    vlayer layers;             // every layer, parents before children
    vlayer layersf;            // as found from the inputs on
    vlayer layersb;            // as found from the outputs back
    vlayer lin;
    vlayer din;
    vlayer lout;
    vlayer vfts;               // the order of forward, once built
    vlayer vbts;               // the order of backward, once built
    vlayer netinput;           // layers of other nets that feed `lin` in forward(layers)

    vloss losses;              // one an output
    vmetrics metrics;
    verr fiterr;               // loss and metric of a batch, output by output, until compute_loss adds them up
    verr total_loss;           // sums since reset_loss
    verr total_metric;
    FILE *flog_tr = nullptr;
    bool has_to_close_flog_tr = false;
    FILE *flog_ts = nullptr;
    bool has_to_close_flog_ts = false;

    Optimizer *optimizer = nullptr;
    bool do_optimizer_delete = true;
    std::vector<Net *> snets;
    Net *rnet = nullptr;

    vtensor Xs[MAX_THREADS];   // EDDL's batches on their way to devices: empty here, samples go straight to the layers
    vtensor Ys[MAX_THREADS];

    Net();
    Net(vlayer in, vlayer out);
    Net(const Net &other);             // another net over the same layers
    Net &operator=(const Net &) = delete;
    ~Net();

    // Building. The first form is what bindings take by address: losses, metrics and compute service stay their owner's.
    void build(Optimizer *opt, vloss lo, vmetrics me, CompServ *cs, bool initialize = true);
    void build(Optimizer *opt, vloss lo, vmetrics me, CompServ *cs, bool initialize, bool do_optimizer_delete,
               bool do_compserv_delete = false);
    void toCPU(int t);
    void toGPU(std::vector<int> g, int lsb, int mem);
    void split(int c, int todev);
    void resize(int batch);
    void setmode(int m);
    void enable_distributed();

    // The graph.
    void fts();
    void bts();
    int inNet(Layer *l);
    int inNetF(Layer *l);
    int inNetB(Layer *l);
    void walk(Layer *l, vlayer lout);
    void walk_back(Layer *l);
    Layer *getLayer(std::string l);
    void removeLayer(std::string l);
    void initializeLayer(std::string l);
    void setTrainable(std::string lname, bool val);

    // Recurrent nets compute through `rnet`, a copy of the layers for each time step, made when data come and made anew
    // when its lengths change: `inl` steps of input, `outl` of output. What the unroll functions return is the caller's,
    // and must not outlive this net.
    Net *unroll(int inl, int outl);
    Net *unroll_enc(int inl, int outl);
    Net *unroll_enc_dec(int inl, int outl);
    Net *unroll_dec(int inl, int outl);
    void build_rnet(int inl, int outl);

    // Reporting and files.
    std::string summary(bool print_stdout = true);
    void plot(const std::string &fname = "model.pdf", const std::string &rankdir = "LR");
    void setlogfile(const std::string &fname);
    void save(const std::string &filename, const std::string &format = "");
    void load(const std::string &filename, const std::string &format = "");

    // The steps of a batch.
    void do_initialize();
    void do_reset();
    void do_reset_grads();
    void do_forward();
    void do_delta();
    void do_compute_loss();
    void do_backward();
    void do_applygrads();

    // The same steps with the checks that callers need.
    void forward(vlayer in);
    void forward(vtensor in);
    void forward();
    void backward(vtensor target);
    void backward(Layer *(*f)(Layer *), Layer *out);  // of f(out), which is to be minimised
    void backward();
    void delta();
    void reset();
    void reset_grads();
    void update();
    void compute_loss();
    void reset_loss();
    void print_loss(int b, int nb = -1);
    void clamp(float min, float max);
    void setlr(std::vector<float> p);
    std::vector<float> get_losses();
    std::vector<float> get_metrics();

    // Parameters, a vector a layer. Not deep: the tensors remain the layers' own.
    std::vector<vtensor> get_parameters(bool deepcopy = false);
    void set_parameters(const std::vector<vtensor> &new_params);

    // Whole data sets; samples lie along the first axis.
    void fit(vtensor tin, vtensor tout, int batch_size, int epochs);
    void train_batch(vtensor X, vtensor Y, vind sind, int eval = 0);
    void evaluate(vtensor tin, vtensor tout, int bs = 100);
    vtensor predict(vtensor tin);      // new tensors, the caller's

    // Distributed training.
    void reset_accumulated_gradients();
    void apply_accumulated_gradients();
    void collect_acc_grads();
    void distribute_weights();
    void sync_weights();

    static bool compare_outputs(Net *net1, Net *net2, bool verbose = false, float atol = 1e-05f, float rtol = 0.0f,
                                bool equal_nan = false);
    static bool compare_params(Net *net1, Net *net2, bool verbose = false, float atol = 1e-05f, float rtol = 0.0f,
                               bool equal_nan = false);

private:
    void set_compserv(CompServ *service, bool owned);
    void size_totals();
    int prepare(const char *function, const vtensor &X, const vtensor &Y);
    void run_batch(bool eval);
    void do_forward(const eddl::OutputMemory &memory);
    void load_inputs(const char *function, const vtensor &in);
    int prepare_steps(const char *function, const vtensor &X, const vtensor &Y);
    int prepare_steps(const char *function, const vtensor &X);
    void refresh_copies();
    int input_steps() const;
    void load_steps(const vtensor &X, const vtensor &Y, const vind &samples);
    void load_targets(const vtensor &Y, const vind &samples);
    void forward_steps(const char *function, const vtensor &in);
    void backward_steps(const vtensor &target);
    void zero_deltas();
    void free_input_deltas();
    void set_targets(const vtensor &targets, const char *function);
    void add_up_losses();
    std::vector<float> averages(const verr &totals, std::size_t measures, std::size_t offset) const;
    void require_built(const char *function) const;
    Layer *find(const std::string &layer, const char *function) const;

    bool owns_measures_ = true;        // whether losses and metrics are this net's to delete
};

// Copies between the layers of a net and their clones on devices. Without devices there is nothing to copy.
void collectTensor(Layer *l, std::string tname = "output", int p = 0);
void distributeTensor(Layer *l, std::string tname = "output", int p = 0);

#endif  // EDDL_NET_NET_H
