// The functions that make recurrent layers and decoders.
#include "eddl/layers/recurrent/layer_recurrent.h"

#include <algorithm>
#include <memory>
#include <set>

#include "apis/make.h"

namespace eddl {

layer RNN(layer parent, int units, std::string activation, bool use_bias, bool bidirectional, std::string name) {
    return make<LRNN>(vlayer{parent}, units, activation, use_bias, bidirectional, name);
}

#define EDDL_GATED(Name)                                                                                        \
    layer Name(vlayer parent, int units, bool mask_zeros, bool bidirectional, std::string name) {               \
        return make<L##Name>(parent, units, mask_zeros, bidirectional, name);                                   \
    }                                                                                                           \
    layer Name(layer parent, int units, bool mask_zeros, bool bidirectional, std::string name) {                \
        return Name(vlayer{parent}, units, mask_zeros, bidirectional, name);                                    \
    }
EDDL_GATED(LSTM)
EDDL_GATED(GRU)
#undef EDDL_GATED

layer States(const ints &shape, std::string name) {
    if (shape.size() != 2 || *std::min_element(shape.begin(), shape.end()) < 1)
        invalid("States", "expected a number of states and one of units, both above 0, received ", shape);
    std::unique_ptr<Tensor> tensor(new Tensor(one_sample_of(shape)));
    layer l = make<LStates>(tensor.get(), name);
    tensor.release();
    return l;
}

layer GetStates(layer parent) { return make<LCopyStates>(vlayer{parent}, "getstates"); }

void setDecoder(layer l) {
    vlayer pending = {&the(l, "setDecoder")};
    std::set<layer> seen;
    while (!pending.empty()) {
        layer next = pending.back();
        pending.pop_back();
        if (!seen.insert(next).second) continue;
        next->isdecoder = true;
        pending.insert(pending.end(), next->child.begin(), next->child.end());
    }
}

}  // namespace eddl
