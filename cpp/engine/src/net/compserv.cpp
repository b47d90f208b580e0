#include "eddl/net/compserv.h"

#include <omp.h>

#include "errors.h"

namespace {

// As the process was started (cores it may use, OMP_NUM_THREADS), not as nets have set it since.
const int ALL_THREADS = omp_get_max_threads();

}  // namespace

CompServ::CompServ() : CompServ(-1, {}, {}) {}

CompServ::CompServ(int threads, const std::vector<int> &gpus, const std::vector<int> &fpgas, int lsb, int mem)
    : hw_supported({"cpu"}), threads_arg(threads), local_threads(threads == -1 ? ALL_THREADS : threads), lsb(lsb),
      mem_level(mem) {
    if (!gpus.empty()) eddl::not_available("A GPU compute service");
    if (!fpgas.empty()) eddl::not_available("An FPGA compute service");
    if (local_threads < 1) eddl::invalid("CompServ", "expected a number of threads above 0, or -1, received ", threads);
    if (lsb < 0) eddl::invalid("CompServ", "expected lsb of at least 0, received ", lsb);
    if (mem < 0 || mem > 2) eddl::invalid("CompServ", "expected a memory level of 0, 1 or 2, received ", mem);
}

// It can be made, as in EDDL; a net refuses to be built with it.
CompServ::CompServ(const std::string &) : CompServ() { type = "distributed"; }

CompServ *CompServ::share() {
    CompServ *shared = clone();
    shared->isshared = true;
    return shared;
}

CompServ *CompServ::clone() { return new CompServ(threads_arg, local_gpus, local_fpgas, lsb, mem_level); }
