// The layer interface: a node of the graph that owns its output, its delta and its parameters.
#ifndef EDDL_LAYERS_LAYER_H
#define EDDL_LAYERS_LAYER_H

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "eddl/initializers/initializer.h"
#include "eddl/regularizers/regularizer.h"
#include "eddl/tensor/tensor.h"

// Values of Layer::mode and Net::trmode.
#define TRMODE 1
#define TSMODE 0

class Layer;
class Net;

using vlayer = std::vector<Layer *>;
using vtensor = std::vector<Tensor *>;
using vstring = std::vector<std::string>;

// Ownership: a layer deletes its output, target, delta, states and, unless `isshared`, its parameters and gradients.
// `input` and `parent` are borrowed. `reg` and `init` belong to the layer if they came through set_regularizer and
// set_initializer, as the default does, and `do_deletes` is set; other objects that they are pointed at must outlive it.
// A layer that goes leaves the lists of its parents and children. A copy borrows everything: destroying it is harmless.
class Layer {
public:
    std::string name;
    Tensor *input = nullptr;   // the parent's output; merge layers keep the first parent's
    Tensor *output = nullptr;
    Tensor *target = nullptr;  // only output layers of a net that trains have one
    Tensor *delta = nullptr;   // gradient of the loss by `output`; exists between mem_delta and free_delta
    Layer *orig = nullptr;     // the layer that this one is a clone of
    Layer *sorig = nullptr;    // the layer that this one shares its parameters with
    Net *net = nullptr;        // the net that was made last with this layer
    bool trainable = true;
    int mem_level = 0;         // 0: deltas stay; 1, 2: they are freed as soon as they are used up
    bool isrecurrent = false;
    bool isshared = false;
    bool iscloned = false;
    bool isnorm = false;
    bool isdecoder = false;
    bool distributed_training = false;

    vtensor params;            // trainable ones first: see get_trainable_params_count
    vtensor gradients;
    vtensor states;
    vtensor delta_states;
    vtensor acc_gradients;

    vlayer parent;
    vlayer child;
    vlayer clones;

    Regularizer *reg = nullptr;
    Initializer *init = nullptr;

    int mode = TRMODE;
    int dev = 0;
    int lin = 0;
    int lout = 0;
    int delta_bp = 0;          // 1: `delta` is already the gradient by the pre-activation
    bool detached = false;
    bool do_deletes = true;
    unsigned int verbosity_level = 0;

    // `name_id` names the kind of layer where code must know it ("batchnorm", …).
    Layer(std::string name, int dev, int mem, const std::string &name_id = "");
    Layer(const Layer &other);
    Layer &operator=(const Layer &other);  // takes the values of its parameters, trainable and mode, not its place
    virtual ~Layer();

    // The graph. addparent throws where the layer takes one parent only and has it.
    virtual void addchild(Layer *l);
    virtual void addparent(Layer *l);
    void detach(Layer *l);     // forgets the child `l`
    void set_detach();

    // One step. forward reads `input`, backward reads `delta` and adds into the parents' deltas.
    virtual void forward();
    virtual void backward();
    virtual void reset();
    virtual void zeroGrads();
    virtual void resize(int batch);
    void setmode(int m);
    void check_target();       // makes `target` as large as `output`

    // Memory of the deltas. A delta that does not fit the output's shape is replaced by a zero one.
    virtual void mem_delta_parent();
    virtual void mem_delta();
    virtual void free_delta();
    void set_mem_level(int mem);

    // Parameters.
    virtual void initialize();
    virtual int get_trainable_params_count();
    virtual void setTrainable(bool value);
    virtual void copy(Layer *l2);  // this layer's parameters into those of `l2`
    void set_initializer(std::unique_ptr<Initializer> initializer);
    void set_regularizer(std::unique_ptr<Regularizer> regularizer);
    void clamp(float min, float max);
    virtual void save(std::ofstream &ofs, std::string format = "");
    virtual void load(std::ifstream &ifs, std::string format = "");

    // Gradients gathered over several machines: acc_gradients run parallel to the trainable params.
    virtual void enable_distributed();
    virtual void reset_accumulated_gradients();
    virtual void apply_accumulated_gradients();
    virtual void accumulate_accumulated_gradients(vtensor grads);
    virtual void update_weights(vtensor weights);

    // A layer with the same parameters (share) or the same form on device `todev` (clone), its parents being `p`.
    virtual Layer *share(int c, int bs, vlayer p);
    virtual Layer *clone(int c, int bs, vlayer p, int todev);

    // What it is.
    virtual std::string plot(int c);
    virtual void info();
    std::vector<int> getShape();
    std::string get_name_id();

    // How many nets hold this layer: the last one deletes it.
    void increase_reference_counter();
    int decrease_and_get_reference_counter();

protected:
    void append_child(Layer *l);
    void append_parent(Layer *l);

private:
    void unlink();

    int reference_counter_ = 0;
    bool borrows_ = false;
    std::string name_id_;
    std::unique_ptr<Regularizer> own_reg_;
    std::unique_ptr<Initializer> own_init_;
};

// A layer with at most one parent.
class LinLayer : public Layer {
public:
    LinLayer(std::string name, int dev, int mem, const std::string &name_id = "");
    void addchild(Layer *l) override;
    void addparent(Layer *l) override;
};

// A layer with any number of parents.
class MLayer : public Layer {
public:
    MLayer(std::string name, int dev, int mem);
    void addchild(Layer *l) override;
    void addparent(Layer *l) override;
};

#endif  // EDDL_LAYERS_LAYER_H
