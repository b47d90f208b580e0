// When the layers of a net work, which only differs in recurrent nets.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "eddl/net/net.h"
#include "net/sequences.h"

namespace eddl::onnx_io {

// Once, or at each step of the encoder's sequence or of the decoder's.
enum class Time { once, encoder, decoder };

class Schedule {
public:
    explicit Schedule(const Net &net);

    Time time_of(const Layer &layer) const { return times_.at(&layer); }
    // Whether a layer of the net takes each step of this one's sequence.
    bool feeds_steps(const Layer &layer) const { return feeds_steps_.count(&layer) != 0; }
    // Whose states a recurrent layer begins with; null: zeros.
    const Layer *initial_states(const Layer &layer) const;

private:
    Roles roles_;
    std::unordered_map<const Layer *, Time> times_;
    std::unordered_set<const Layer *> feeds_steps_;
};

}  // namespace eddl::onnx_io
