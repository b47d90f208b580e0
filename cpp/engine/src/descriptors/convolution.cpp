#include <memory>

#include "eddl/descriptors/descriptors.h"
#include "errors.h"

KernelDescriptor::KernelDescriptor(const char* function, int axes, Direction direction, int filters,
                                   const std::vector<int>& kernel_size, const std::vector<int>& strides,
                                   const std::string& padding, const std::vector<int>& pads, int groups,
                                   const std::vector<int>& dilation_rate, bool use_bias, int mem)
    : WindowDescriptor(function, axes, direction, strides, padding, pads, mem), filters(filters),
      kernel_size(kernel_size), strides(strides), groups(groups), dilation_rate(dilation_rate) {
    if (filters < 1) eddl::invalid(function, "expected at least 1 filter, received ", filters);
    if (groups < 1 || filters % groups != 0) {
        eddl::invalid(function, "expected groups that divide the ", filters, " filters, received ", groups);
    }
    ksize = kernel_size;
    ksize.insert(ksize.begin(), filters);
    this->use_bias = use_bias;
}

void KernelDescriptor::build(Tensor* A) {
    set_geometry(A->shape, kernel_size, dilation_rate);
    if (iz % groups != 0) {
        eddl::invalid(function, "expected input channels that ", groups, " groups divide, received ", iz);
    }
    z = nk = filters;
    const bool transposed = direction_ == Direction::transposed;
    kz = (transposed ? filters : iz) / groups;
    std::vector<int> kernel_shape = {transposed ? iz : filters, kz};
    kernel_shape.insert(kernel_shape.end(), kernel_size.begin(), kernel_size.end());

    const auto made = [A](const std::vector<int>& shape) { return std::make_unique<Tensor>(shape, A->device); };
    auto output = made(output_shape()), kernel = made(kernel_shape), kernel_gradient = made(kernel_shape),
         biases = made({nk}), bias_gradient = made({nk});
    I = A;
    O = output.release();
    K = kernel.release();
    gK = kernel_gradient.release();
    bias = biases.release();
    gbias = bias_gradient.release();
}

#define EDDL_DEFINE_DESCRIPTOR(Name, Base, function, axes, direction)                                               \
    Name::Name(int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,                   \
               const std::string& padding, const std::vector<int>& pads, int groups,                                \
               const std::vector<int>& dilation_rate, bool use_bias, int mem)                                       \
        : Base(function, axes, direction, filters, kernel_size, strides, padding, pads, groups, dilation_rate,      \
               use_bias, mem) {}

EDDL_DEFINE_DESCRIPTOR(ConvolDescriptor, KernelDescriptor, "Conv2D", 2, Direction::plain)
EDDL_DEFINE_DESCRIPTOR(ConvolDescriptorT2D, TransposedDescriptor, "ConvT2D", 2, Direction::transposed)
EDDL_DEFINE_DESCRIPTOR(ConvolDescriptorT3D, TransposedDescriptor, "ConvT3D", 3, Direction::transposed)

// EDDL has no groups here; they come last.
ConvolDescriptor3D::ConvolDescriptor3D(int filters, const std::vector<int>& ks, const std::vector<int>& st,
                                       const std::string& p, const std::vector<int>& pads,
                                       const std::vector<int>& dilation_rate, bool use_bias, int mem, int groups)
    : KernelDescriptor("Conv3D", 3, Direction::plain, filters, ks, st, p, pads, groups, dilation_rate, use_bias, mem) {}
