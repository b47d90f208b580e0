// A convolution's descriptor for other numbers of channels.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddl/layers/conv/layer_conv.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

// EDDL's im2col buffer; the embedded engine's descriptors have none.
template <class Descriptor, class = void>
struct HasWorkspace : std::false_type {};
template <class Descriptor>
struct HasWorkspace<Descriptor, std::void_t<decltype(std::declval<Descriptor&>().ptrI)>> : std::true_type {};

template <class Descriptor>
void exchange_workspace(Descriptor& a, Descriptor& b) {
    if constexpr (HasWorkspace<Descriptor>::value) std::swap(a.ptrI, b.ptrI);
}

// A convolution's new descriptor: the sizes in it, and in its private caches, are set by build() alone. It is built for a
// batch of one, so that it takes little memory; its own tensors then serve as storage for the layer's new ones.
class FreshDescriptor {
public:
    FreshDescriptor(LConv& layer, std::size_t in, std::size_t out, std::size_t groups) : layer_(layer) {
        checkpoint();
        const ConvolDescriptor& old = *layer.cd;
        // Only its shape is read, so it borrows the data.
        Tensor input(std::vector<int>{1, static_cast<int>(in), old.ir, old.ic}, layer.input->ptr, layer.input->device);
        // mem_level 0, because EDDL's destructor frees a workspace that higher levels do not allocate here. That destructor
        // also uses what is not there yet if build() throws: better to lose an empty descriptor then.
        auto* building = new ConvolDescriptor(static_cast<int>(out), old.kernel_size, old.strides, old.padding, old.pads,
                                              static_cast<int>(groups), old.dilation_rate, old.use_bias, 0);
        building->build(&input);
        fresh_.reset(building);
        output_.reset(fresh_->O);
        kernel.reset(fresh_->K);
        bias.reset(fresh_->bias);
        kernel_gradient.reset(fresh_->gK);
        bias_gradient.reset(fresh_->gbias);
        fresh_->mem_level = old.mem_level;
        fresh_->in = old.in;
        fresh_->I = layer.input;
        fresh_->K = old.K;
        fresh_->bias = old.bias;
        fresh_->gK = old.gK;
        fresh_->gbias = old.gbias;
        fresh_->acc_gK = old.acc_gK;
        fresh_->acc_gbias = old.acc_gbias;
    }

    // The layer's batch stays, hence its workspace, which is larger than now needed until the next change of batch size.
    void commit() {
        exchange_workspace(*fresh_, *layer_.cd);
        fresh_->O = layer_.output;
        delete layer_.cd;
        layer_.cd = fresh_.release();
    }

    std::unique_ptr<Tensor> kernel, bias, kernel_gradient, bias_gradient;

private:
    LConv& layer_;
    std::unique_ptr<Tensor> output_;  // outlives fresh_, whose destructor looks at it
    std::unique_ptr<ConvolDescriptor> fresh_;
};

}  // namespace eddl_prune::adapter
