// What all our optimizers have in common: they are EDDL optimizers that own another one and let it take its step,
// before and after which they work on the net.
#pragma once

#include <memory>

#include "eddl/optimizers/optim.h"

namespace eddl_prune::adapter {

// What an EDDL optimizer leaves in layer->gradients when its step is done.
enum class GradientAfterStep {
    kept,     // the gradient (clipped in place where clip_val is set)
    squared,  // its square: EDDL's Adam squares in place
};

// EDDL's Net deletes its optimizer, hence this, hence the inner one.
class WrappedOptimizer : public Optimizer {
public:
    // Takes `inner`. Throws std::invalid_argument, and takes nothing, if it is null, of a class without a step,
    // already at work in a net, or already wrapped.
    WrappedOptimizer(const char* class_name, Optimizer* inner);
    ~WrappedOptimizer() override;
    WrappedOptimizer(const WrappedOptimizer&) = delete;
    WrappedOptimizer& operator=(const WrappedOptimizer&) = delete;

    Optimizer* inner() const { return inner_.get(); }
    // Expires with the optimizer: for those who hold a pointer that they do not own.
    std::weak_ptr<const void> life() const { return life_; }

    // Called by EDDL's build. Throws PruneError for layers off the CPU, std::invalid_argument for a second net, and
    // whatever check_layers() throws; the net is then unbuilt and without optimizer.
    void setlayers(vlayer l) override;
    // before_step(), the inner step, after_step(). A shared wrapper hands on to the one it shares.
    void applygrads(int batch) override;
    void change(vector<float> p) override;
    Optimizer* clone() override;
    Optimizer* share() override;

protected:
    // What is peculiar to the method in a net of these layers: throws where it cannot work there.
    virtual void check_layers(const vlayer&) const {}
    // The method itself, on `layers`; called once a batch. In between the weights change, and the gradients as
    // `gradient_after_step()` says.
    virtual void before_step() {}
    virtual void after_step() = 0;
    // A new wrapper with our settings round another optimizer.
    virtual WrappedOptimizer* rewrap(Optimizer* inner) const = 0;

    GradientAfterStep gradient_after_step() const { return gradient_after_step_; }

private:
    std::unique_ptr<Optimizer> inner_;
    std::shared_ptr<const void> life_ = std::make_shared<char>();
    GradientAfterStep gradient_after_step_;
};

// The EDDL optimizer that takes the step, below any number of our wrappers; nullptr for nullptr.
Optimizer* unwrap(Optimizer* optimizer);

}  // namespace eddl_prune::adapter
