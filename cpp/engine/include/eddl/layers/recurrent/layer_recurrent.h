// Recurrent layers: one time step each. A net that has some is unrolled: every step gets a copy of the layer that
// shares its parameters, and takes as second parent the layer whose states it goes on from (none: it starts from zero).
#ifndef EDDL_LAYER_RECURRENT_H
#define EDDL_LAYER_RECURRENT_H

#include <memory>
#include <string>
#include <vector>

#include "eddl/layers/declare.h"

namespace eddl {
class GatedCell;
struct GatedKind;
struct GatedStep;
}  // namespace eddl

// What layers with `states` share. Where the first state is the output, its delta is the layer's.
class StateLayer : public MLayer {
public:
    StateLayer(std::string name, int dev, int mem);

    void resize(int batch) override;
    void mem_delta() override;   // makes delta_states too, parallel to states
    void free_delta() override;
};

// The states of its parent, at the last step of an encoder for the first step of a decoder.
class LCopyStates : public StateLayer {
public:
    static int total_layers;

    LCopyStates(std::vector<Layer*> in, std::string name, int dev, int mem);

    EDDL_LAYER_OVERRIDES
};

// States from outside: an input of shape [batch, states, units].
class LStates : public StateLayer {
public:
    static int total_layers;

    LStates(Tensor* in, std::string name, int dev, int mem);

    void free_delta() override;
    EDDL_LAYER_OVERRIDES
};

// output = activation(x · Wx + h · Wy + bias); params: Wx [in, units], Wy [units, units], bias.
// `bidirectional` is kept and ignored, here and below, as in EDDL.
class LRNN : public StateLayer {
public:
    static int total_layers;
    int units;
    bool use_bias;
    bool bidirectional;
    std::string activation;

    // preoutput is what the activation is applied to. bias and gbias are null without a bias.
    Tensor *preoutput, *Wx, *Wy, *bias, *gWx, *gWy, *gbias;

    LRNN(std::vector<Layer*> in, int units, std::string activation, bool use_bias, bool bidirectional, std::string name,
         int dev, int mem);
    ~LRNN() override;

    void resize(int batch) override;
    EDDL_LAYER_OVERRIDES

private:
    struct Step;

    void name_tensors();

    std::shared_ptr<Step> step_;
};

// What LSTM and GRU share. params: the weights [in, units] of each gate for the input, then its weights [units, units]
// for the state, then biases [units]. mask_zeros: samples whose input is all zero keep their states. Regularizers do
// not act on these layers, as in EDDL.
class GatedLayer : public StateLayer {
public:
    int units;
    bool mask_zeros;
    bool bidirectional;

    void forward() override;
    void backward() override;

    // This layer is the first of several time steps, the followers the later ones, which go on from one another. The
    // inputs of all are there before this one runs, and in backward their deltas are read after it has run.
    void lead(const std::vector<GatedLayer*>& followers);

protected:
    GatedLayer(const eddl::GatedKind& kind, const std::vector<Layer*>& in, int units, bool mask_zeros,
               bool bidirectional, const std::string& name, int& counter, int dev, int mem);

    const float* previous_state(std::size_t i) const;
    float* previous_delta(std::size_t i);

    std::shared_ptr<eddl::GatedCell> cell_;  // one for all copies that share the parameters

private:
    // What the gates let through, [values, batch, units].
    virtual void open_gates(const eddl::GatedStep& step, float* values) = 0;
    // The states after the step, given that.
    virtual void advance(const eddl::GatedStep& step, const float* values) = 0;
    // From the deltas of the states to those of the step before, and to the gradients by its input and state parts.
    virtual void pull_back(const eddl::GatedStep& step, const float* values) = 0;
    eddl::GatedStep step() const;
    std::vector<eddl::GatedStep> steps() const;  // this and those that it leads
    const unsigned char* masked_rows() const;

    std::vector<GatedLayer*> followers_;
    int place_ = 0;              // among the steps that have the same leader
    std::vector<float> values_;  // of the last forward, if that was in training mode
    bool kept_ = false;
};

class LLSTM : public GatedLayer {
public:
    static int total_layers;

    // Gates: input, forget, output, candidate. States: output, memory.
    LLSTM(std::vector<Layer*> in, int units, bool mask_zeros, bool bidirectional, std::string name, int dev, int mem);

    Layer* share(int c, int bs, std::vector<Layer*> p) override;
    Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;
    std::string plot(int c) override;

private:
    void open_gates(const eddl::GatedStep& step, float* values) override;
    void advance(const eddl::GatedStep& step, const float* values) override;
    void pull_back(const eddl::GatedStep& step, const float* values) override;
};

class LGRU : public GatedLayer {
public:
    static int total_layers;

    // Gates: update, reset, candidate; the fourth bias is that of the candidate's state part, inside the reset.
    LGRU(std::vector<Layer*> in, int units, bool mask_zeros, bool bidirectional, std::string name, int dev, int mem);

    Layer* share(int c, int bs, std::vector<Layer*> p) override;
    Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;
    std::string plot(int c) override;

private:
    void open_gates(const eddl::GatedStep& step, float* values) override;
    void advance(const eddl::GatedStep& step, const float* values) override;
    void pull_back(const eddl::GatedStep& step, const float* values) override;
};

#endif  // EDDL_LAYER_RECURRENT_H
