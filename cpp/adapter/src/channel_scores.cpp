#include "eddl_prune/adapter/channel_scores.h"

#include <algorithm>
#include <map>

#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl_prune/adapter/graph_reader.h"
#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/adapter/output_derivatives.h"
#include "eddl_prune/adapter/serene.h"
#include "eddl_prune/adapter/weights.h"
#include "eddl_prune/kernels/channels.h"
#include "eddl_prune/kernels/sensitivity.h"

namespace eddl_prune::adapter {

namespace {

const char* const function_name = "remove_channels";

ChannelScores scores_of(const std::vector<ChannelParameter>& parameters) {
    std::size_t channels = 0, weights = 0;
    for (const ChannelParameter& parameter : parameters) {
        if (!parameter.weighs) continue;
        channels = std::max(channels, parameter.block.first_channel + parameter.block.shape.extent);
        weights += parameter.block.shape.size();
    }
    ChannelScores scores;
    scores.weights = weights / channels;
    scores.absolute.resize(channels);
    scores.square.resize(channels);
    for (const ChannelParameter& parameter : parameters) {
        if (!parameter.weighs) continue;
        const kernels::AxisShape& shape = parameter.block.shape;
        const float* const values = parameter.tensor->ptr + parameter.block.offset;
        const std::size_t first = parameter.block.first_channel;
        kernels::add_channel_absolute_sums(values, shape, scores.absolute.data() + first);
        kernels::add_channel_product_sums(values, values, shape, scores.square.data() + first);
    }
    return scores;
}

// Σ a·b over the weights that read each input channel.
void add_products(const graph::Connections& connections, const float* a, const float* b, std::vector<double>& sums) {
    const std::size_t in = connections.group_in(), out = connections.group_out(), taps = connections.taps;
    const bool rows_are_inputs = connections.layout == graph::Layout::in_out;
    const kernels::AxisShape shape =
        rows_are_inputs ? kernels::AxisShape{1, in, out * taps} : kernels::AxisShape{out, in, taps};
    for (std::size_t g = 0; g < connections.groups; ++g)
        kernels::add_channel_product_sums(a + g * shape.size(), b + g * shape.size(), shape, sums.data() + g * in);
}

}  // namespace

std::vector<ChannelScores> channel_scores(Net* net) {
    const NetView view(net, function_name);
    view.require_finite();
    std::vector<ChannelScores> all;
    for (std::size_t n = 0; n < view.layers().size(); ++n) {
        const std::vector<ChannelParameter> parameters = channel_parameters(view.layers()[n], n);
        if (std::none_of(parameters.begin(), parameters.end(), [](const auto& p) { return p.weighs; })) continue;
        all.push_back(scores_of(parameters));
        all.back().position = n;
        all.back().normalises = dynamic_cast<const LBatchNorm*>(view.layers()[n]) != nullptr;
    }
    return all;
}

ByPosition<double> channel_gates(Net* net) {
    const NetView view(net, function_name, Purpose::structure);
    view.require_finite();
    const graph::Graph graph = read_graph(view);
    std::map<std::size_t, std::vector<double>> gates;
    const auto add = [&](std::size_t read, std::size_t reader, std::size_t param,
                         const graph::Connections& connections) {
        std::vector<double>& sums = gates[read];
        sums.resize(graph[read].channels);
        add_products(connections, connections.weights, view.layers()[reader]->gradients.at(param)->ptr, sums);
    };
    for (std::size_t n = 0; n < graph.size(); ++n) {
        if (const graph::Linear* linear = graph.linear(n)) {
            add(graph.input_of(n), n, WeightedLayer::weight_param, linear->connections);
        } else if (const graph::Recurrent* cell = graph.recurrent(n)) {
            const std::size_t count = cell->from_inputs.size();
            for (std::size_t g = 0; g < count; ++g) {
                add(graph.input_of(n), n, g, cell->from_inputs[g]);
                add(n, n, count + g, cell->from_states[g]);
            }
        }
    }
    return {gates.begin(), gates.end()};
}

void require_sensitivities(Net* net, const char* function) {
    OutputDerivatives::check(function, NetView(net, function).layers());
}

ByPosition<float> channel_sensitivities(Net* net) {
    require_sensitivities(net, function_name);
    const NetView view(net, function_name);
    std::vector<float> scratch;
    std::size_t passes = 0;
    std::vector<std::vector<float>> values =
        neuron_sensitivities(function_name, view.layers(), view.weighted(), Serene::Mode::full, scratch, passes);
    ByPosition<float> found;
    for (std::size_t i = 0; i < values.size(); ++i)
        found.emplace_back(view.weighted()[i].position, std::move(values[i]));
    return found;
}

}  // namespace eddl_prune::adapter
