// Where and with how much memory a net computes.
#ifndef EDDL_NET_COMPSERV_H
#define EDDL_NET_COMPSERV_H

#include <string>
#include <vector>

class CompServ {
public:
    std::string type = "local";
    std::string hw = "cpu";
    std::vector<std::string> hw_supported;  // the engine has "cpu" only

    int threads_arg = -1;                   // as asked for; -1: all cores
    int local_threads = -1;
    std::vector<int> local_gpus;
    std::vector<int> local_fpgas;
    int lsb = 1;
    bool isshared = false;
    int mem_level = 0;                      // 0: full_mem, 1: mid_mem, 2: low_mem; see Layer::mem_level

    CompServ();
    CompServ(int threads, const std::vector<int> &gpus, const std::vector<int> &fpgas, int lsb = 1, int mem = 0);
    explicit CompServ(const std::string &filename);  // a distributed service, with which no net can be built

    CompServ *share();
    CompServ *clone();
};

#endif  // EDDL_NET_COMPSERV_H
