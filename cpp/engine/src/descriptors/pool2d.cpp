#include "eddl/descriptors/descriptors.h"
#include "errors.h"

PoolDescriptor::PoolDescriptor(const std::vector<int>& ks, const std::vector<int>& st, const std::string& p, int mem) {
    ksize = ks;
    stride = st;
    padding = p;
    mem_level = mem;
}

PoolDescriptor::PoolDescriptor(const std::vector<int>& ks, const std::vector<int>& st, const std::vector<int>& p, int mem)
    : PoolDescriptor(ks, st, "custom", mem) {
    pad = p;
}

void PoolDescriptor::build(Tensor* A) {
    set_geometry("Pool2D", A->shape, ksize, {1, 1}, pad);
    if (padrt >= kr || padrb >= kr || padcl >= kc || padcr >= kc) {
        eddl::invalid("Pool2D", "expected pads smaller than the window ", ksize, ", received ", pad);
    }
    z = iz;
    size = z * r * c;
    I = A;
    O = new Tensor({in, z, r, c}, A->device);
}

void PoolDescriptor::resize(int b) {
    O->resize(b);
    in = b;
}
