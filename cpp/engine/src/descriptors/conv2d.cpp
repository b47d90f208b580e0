#include "eddl/descriptors/descriptors.h"
#include "errors.h"

ConvolDescriptor::ConvolDescriptor(int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,
                                   std::string padding, const std::vector<int>& pads, int groups,
                                   const std::vector<int>& dilation_rate, bool use_bias, int mem)
    : pads(pads), filters(filters), kernel_size(kernel_size), strides(strides), groups(groups),
      dilation_rate(dilation_rate) {
    if (filters < 1) eddl::invalid("Conv2D", "expected at least 1 filter, received ", filters);
    if (groups < 1 || filters % groups != 0) {
        eddl::invalid("Conv2D", "expected groups that divide the ", filters, " filters, received ", groups);
    }
    ksize = kernel_size;
    ksize.insert(ksize.begin(), filters);
    stride = strides;
    this->padding = padding;
    this->use_bias = use_bias;
    mem_level = mem;
}

void ConvolDescriptor::build(Tensor* A) {
    set_geometry("Conv2D", A->shape, kernel_size, dilation_rate, pads);
    if (iz % groups != 0) {
        eddl::invalid("Conv2D", "expected input channels that ", groups, " groups divide, received ", iz);
    }
    z = nk = filters;
    kz = iz / groups;
    I = A;
    O = new Tensor({in, z, r, c}, A->device);
    K = new Tensor({nk, kz, kr, kc}, A->device);
    gK = new Tensor({nk, kz, kr, kc}, A->device);
    bias = new Tensor({nk}, A->device);
    gbias = new Tensor({nk}, A->device);
}

void ConvolDescriptor::resize(int b) {
    O->resize(b);
    in = b;
}
