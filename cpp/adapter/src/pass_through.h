// What stands in a net where a layer's output has become that of one layer before it.
#pragma once

#include <string>

#include "eddl/layers/core/layer_core.h"
#include "eddl/net/net.h"

namespace eddl_prune::adapter {

// EDDL's identity layer, with the name, the place and the output tensor of another layer. That tensor lies in the
// memory of the parent's output, so that nothing is computed or copied, and every tensor that scripts and layers hold
// stays what it was. The other layer itself retires into this one's hands, its output still that of the net, so that a
// script's handle of it stays valid as long as the net.
class PassThrough : public LBypass {
public:
    // To stand for `old` and pass on what `source`, one of its parents, gives; neither they nor their neighbours know
    // of this layer before replace(). `kind`: of the old layer.
    PassThrough(Layer& old, Layer& source, const std::string& kind);
    ~PassThrough() override;

    // Takes the place of the old layer, which has lost its other parents, in the net, whose deltas have been freed, and
    // the old layer itself. Allocates nothing. Once.
    virtual void replace(Net& net) noexcept;

    void forward() override;
    void resize(int batch) override;

    // Gives the output the shape and the memory that the parent's has now.
    void follow_parent();

private:
    Layer* old_;
    bool in_place_ = false;  // from replace() on, what old_ points to is ours
};

// Lets all that lies in a parent's memory find that again: EDDL does so only when the batch size changes.
void follow_parents(const vlayer& layers);

}  // namespace eddl_prune::adapter
