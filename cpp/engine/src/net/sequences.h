// Data of recurrent nets: [samples, time steps, …], of which an unrolled net takes one step an input or output layer.
#pragma once

#include "eddl/net/net.h"

namespace eddl {

// How a recurrent net reads its data. A decoder is a layer that setDecoder marked, and all that hangs from it.
struct Roles {
    explicit Roles(const Net &net);

    bool decodes(const Layer *l) const;
    bool steps_through(const Layer *input) const;  // else its data are the same at all steps: [samples, …]

    vlayer decoders;         // in the net's order
    vlayer decoder_inputs;   // those of them without parents: one for each output, whose step before they take
    bool encodes = false;    // whether other layers are recurrent
    // The first recurrent decoder layer that is not told where to begin goes on from the encoder's last layer with
    // states, if that has those it needs. Else both are null.
    Layer *linked_decoder = nullptr, *linked_encoder = nullptr;

private:
    void link(const Net &net);
};

// What several data have in common.
struct Lengths {
    int samples = 0, steps = 0;
};

// std::invalid_argument, naming `function`, unless there is one for each input or output of the net, of its shape.
// Inputs that the net does not step through do not count as steps; without any other there is 1.
Lengths check_sequences(const char *function, const Net &net, const vtensor &X);
Lengths check_target_sequences(const char *function, const Net &net, const vtensor &Y);

// Copies one time step of the samples `rows` of `data` ([samples, steps, …]) into `step`.
void copy_step(const Tensor &data, int step, const vind &rows, Tensor &into);

}  // namespace eddl
