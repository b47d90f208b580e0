#include "eddl_prune/adapter/latency.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "eddl/apis/eddl.h"
#include "eddl_prune/adapter/errors.h"
#include "eddl_prune/adapter/net_view.h"

namespace eddl_prune::adapter {

namespace {

// The same layers with the same names and parameters, built for as many threads and the same level of memory.
std::unique_ptr<Net> copy_of(const Net& net, int batch) {
    std::unordered_map<const Layer*, Layer*> copies;
    const auto copies_of = [&](const vlayer& layers) {
        vlayer found;
        for (const Layer* layer : layers) found.push_back(copies.at(layer));
        return found;
    };
    for (Layer* layer : net.layers) {
        Layer* copy = layer->clone(0, batch, copies_of(layer->parent), DEV_CPU);
        if (copy == nullptr)
            throw PruneError("remove_channels: layer '" + layer->name +
                             "' cannot be copied, so latency cannot be measured");
        copy->name = layer->name;
        copies[layer] = copy;
    }
    std::unique_ptr<Net> copied(eddl::Model(copies_of(net.lin), copies_of(net.lout)));
    const std::vector<std::string> levels = {"full_mem", "mid_mem", "low_mem"};
    eddl::build(copied.get(), eddl::sgd(0.0f),
                eddl::CS_CPU(net.cs->local_threads, levels.at(static_cast<std::size_t>(net.mem_level))), false);
    for (const auto& [layer, copy] : copies)
        for (std::size_t p = 0; p < layer->params.size(); ++p) Tensor::copy(layer->params[p], copy->params[p]);
    return copied;
}

}  // namespace

double prediction_seconds(Net* net, const ChannelLists& channels, int batch, int repeats) {
    const NetView view(net, "remove_channels", Purpose::structure);
    if (!view.built())
        throw std::invalid_argument("remove_channels: net '" + net->name + "' is not built; call eddl.build first");
    if (net->isrecurrent)
        throw PruneError("remove_channels: net '" + net->name +
                         "' is recurrent: its latency is that of the sequences; give another budget");
    if (batch < 1 || repeats < 1) throw std::invalid_argument("remove_channels: batch and repeats must be >= 1");
    const std::unique_ptr<Net> copy = copy_of(*net, batch);
    remove_channels(copy.get(), channels, RemovalOptions::uneven_sums_by_default);

    std::vector<std::unique_ptr<Tensor>> samples;
    vtensor inputs;
    for (const Layer* input : net->lin) {
        std::vector<int> shape = input->output->shape;
        shape.front() = batch;
        samples.emplace_back(Tensor::randn(shape));
        inputs.push_back(samples.back().get());
    }
    std::vector<double> seconds;
    for (int turn = 0; turn <= repeats; ++turn) {
        const auto start = std::chrono::steady_clock::now();
        const vtensor outputs = copy->predict(inputs);
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
        for (const Tensor* output : outputs) delete output;
        if (turn > 0) seconds.push_back(elapsed.count());
    }
    std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
    return seconds[seconds.size() / 2];
}

}  // namespace eddl_prune::adapter
