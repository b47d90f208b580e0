// A loss written as a graph of layers.
#ifndef EDDL_NET_NETLOSS_H
#define EDDL_NET_NETLOSS_H

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "eddl/net/net.h"

// `graph` takes copies of the outputs of the layers in `input` through its inputs `ginput`; its only output is `fout`.
// compute: the mean over a sample of `fout`, summed over the batch. Copies share the graph; the last one deletes it.
class NetLoss {
public:
    std::string name;
    float value = 0.0f;
    Net *graph = nullptr;
    std::vector<Layer *> input;
    std::vector<Layer *> ginput;
    Layer *fout = nullptr;

    NetLoss(const std::function<Layer *(std::vector<Layer *>)> &f, std::vector<Layer *> in, std::string name);
    NetLoss(const std::function<Layer *(Layer *)> &f, Layer *in, std::string name);
    NetLoss(const NetLoss &other);
    NetLoss &operator=(const NetLoss &) = delete;
    ~NetLoss();

    float compute();

private:
    std::shared_ptr<Net> owned_;
};

#endif  // EDDL_NET_NETLOSS_H
