#include "eddl/descriptors/descriptors.h"
#include "errors.h"

PoolWindowDescriptor::PoolWindowDescriptor(const char* function, int axes, const std::vector<int>& ks,
                                           const std::vector<int>& st, const std::string& p,
                                           const std::vector<int>& pads, int mem)
    : WindowDescriptor(function, axes, Direction::plain, st, p, pads, mem) {
    ksize = ks;
}

void PoolWindowDescriptor::build(Tensor* A) {
    set_geometry(A->shape, ksize, std::vector<int>(axes_, 1));
    for (std::size_t i = 0; i < pads.size(); ++i) {
        if (pads[i] >= ksize[i / 2]) {
            eddl::invalid(function, "expected pads smaller than the window ", ksize, ", received ", pads);
        }
    }
    z = iz;
    Tensor* output = new Tensor(output_shape(), A->device);
    size = in > 0 ? static_cast<int>(output->size / in) : 0;
    I = A;
    O = output;
}

#define EDDL_DEFINE_DESCRIPTOR(Name, function, axes)                                                                \
    Name::Name(const std::vector<int>& ks, const std::vector<int>& st, const std::string& p, int mem)               \
        : PoolWindowDescriptor(function, axes, ks, st, p, {}, mem) {}                                               \
    Name::Name(const std::vector<int>& ks, const std::vector<int>& st, const std::vector<int>& p, int mem)          \
        : PoolWindowDescriptor(function, axes, ks, st, "custom", p, mem) {}

EDDL_DEFINE_DESCRIPTOR(PoolDescriptor, "Pool2D", 2)
EDDL_DEFINE_DESCRIPTOR(PoolDescriptor3D, "Pool3D", 3)
