// A convolution's descriptor for other numbers of channels.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddl/layers/conv/layer_conv.h"
#include "eddl/utils.h"
#include "plan_applier_tensors.h"

namespace eddl_prune::adapter {

// EDDL's im2col buffer, and a matrix beside it of which only the size is ever read; the embedded engine's descriptors
// have neither.
template <class Descriptor, class = void>
struct HasWorkspace : std::false_type {};
template <class Descriptor>
struct HasWorkspace<Descriptor, std::void_t<decltype(std::declval<Descriptor&>().ptrI)>> : std::true_type {};

template <class Descriptor>
void release_workspace(Descriptor& descriptor) {
    if constexpr (HasWorkspace<Descriptor>::value) {
        eddl_free(std::exchange(descriptor.ptrI, nullptr));
        release_pages(descriptor.matI.data(), descriptor.matI.data() + descriptor.matI.size());
    }
}

template <class Descriptor>
void exchange_workspace(Descriptor& a, Descriptor& b) {
    if constexpr (HasWorkspace<Descriptor>::value) std::swap(a.ptrI, b.ptrI);
}

// Of a layer that will not compute any more; nothing for one that is no convolution. The highest level of memory may
// have none.
inline void release_workspace_of(Layer& layer) {
    const auto try_kind = [](auto* convolution) {
        if (convolution != nullptr && convolution->cd->mem_level < 2) release_workspace(*convolution->cd);
    };
    try_kind(dynamic_cast<LConv*>(&layer));
    try_kind(dynamic_cast<LConv1D*>(&layer));
    try_kind(dynamic_cast<LConv3D*>(&layer));
}

// A descriptor like `old`, not built. mem_level 0, because EDDL's destructor frees a workspace that higher levels do
// not allocate here.
template <class Descriptor>
Descriptor* make_descriptor(const Descriptor& old, int out, int groups) {
    return new Descriptor(out, old.kernel_size, old.strides, old.padding, old.pads, groups, old.dilation_rate,
                          old.use_bias, 0);
}
inline ConvolDescriptor3D* make_descriptor(const ConvolDescriptor3D& old, int out, [[maybe_unused]] int groups) {
    const std::vector<int> kernel(old.ksize.begin() + 1, old.ksize.end());
#if defined(EDDL_EMBEDDED_ENGINE)
    return new ConvolDescriptor3D(out, kernel, old.stride, old.padding, old.pad, old.dilation_rate, old.use_bias, 0,
                                  groups);
#else
    return new ConvolDescriptor3D(out, kernel, old.stride, old.padding, old.pad, old.dilation_rate, old.use_bias, 0);
#endif
}

// A convolution's new descriptor: the sizes in it, and in its private caches, are set by build() alone. It is built for
// a batch of one and gives back all memory that build() takes: the layer goes on with its own tensors.
class FreshDescriptor {
public:
    virtual ~FreshDescriptor() = default;
    virtual void commit() noexcept = 0;
};

template <class Convolution>
class FreshDescriptorOf : public FreshDescriptor {
public:
    FreshDescriptorOf(Convolution& layer, std::size_t in, std::size_t out, std::size_t groups) : layer_(layer) {
        checkpoint();
        const auto& old = *layer.cd;
        // Only its shape is read, so it borrows the data.
        std::vector<int> shape = old.I->shape;
        shape[0] = 1;
        shape[1] = static_cast<int>(in);
        Tensor input(shape, layer.input->ptr, layer.input->device);
        // EDDL's destructor uses what is not there yet if build() throws: better to lose an empty descriptor then.
        auto* building = make_descriptor(old, static_cast<int>(out), static_cast<int>(groups));
        building->build(&input);
        fresh_.reset(building);
        output_.reset(fresh_->O);
        output_->deleteData();
        for (Tensor* made : {fresh_->K, fresh_->bias, fresh_->gK, fresh_->gbias}) delete made;
        release_workspace(*fresh_);
        fresh_->mem_level = old.mem_level;
        fresh_->in = old.in;
        fresh_->I = old.I;
        fresh_->K = old.K;
        fresh_->bias = old.bias;
        fresh_->gK = old.gK;
        fresh_->gbias = old.gbias;
        fresh_->acc_gK = old.acc_gK;
        fresh_->acc_gbias = old.acc_gbias;
    }

    // The layer's batch stays, hence its workspace, which is larger than now needed until the next change of batch
    // size.
    void commit() noexcept override {
        exchange_workspace(*fresh_, *layer_.cd);
        fresh_->O = layer_.cd->O;
        // EDDL's 1-D convolution deletes its own view of the delta when it makes the next one.
        if constexpr (std::is_same_v<Convolution, LConv1D>) fresh_->D = layer_.cd->D;
        delete layer_.cd;
        layer_.cd = fresh_.release();
    }

private:
    using Descriptor = std::remove_pointer_t<decltype(Convolution::cd)>;

    Convolution& layer_;
    std::unique_ptr<Tensor> output_;  // outlives fresh_, whose destructor looks at it
    std::unique_ptr<Descriptor> fresh_;
};

// nullptr for a layer that is no convolution.
inline std::unique_ptr<FreshDescriptor> make_fresh_descriptor(Layer& layer, std::size_t in, std::size_t out,
                                                              std::size_t groups) {
    std::unique_ptr<FreshDescriptor> made;
    const auto try_kind = [&](auto* convolution) {
        if (convolution != nullptr)
            made = std::make_unique<FreshDescriptorOf<std::remove_pointer_t<decltype(convolution)>>>(*convolution, in,
                                                                                                     out, groups);
    };
    try_kind(dynamic_cast<LConv*>(&layer));
    try_kind(dynamic_cast<LConv1D*>(&layer));
    try_kind(dynamic_cast<LConv3D*>(&layer));
#if defined(EDDL_EMBEDDED_ENGINE)
    try_kind(dynamic_cast<LConvT2D*>(&layer));
    try_kind(dynamic_cast<LConvT3D*>(&layer));
#endif
    return made;
}

}  // namespace eddl_prune::adapter
