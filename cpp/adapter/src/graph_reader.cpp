#include "eddl_prune/adapter/graph_reader.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "eddl/layers/core/layer_core.h"
#include "eddl_prune/adapter/errors.h"
#include "graph_reader_layers.h"

namespace eddl_prune::adapter {

namespace {

// A broadcast takes the shape of a layer that is not among its parents; nullptr for other layers.
const Layer* shape_giver(const Layer& layer) {
    const auto* broadcast = dynamic_cast<const LBroadcast*>(&layer);
    return broadcast != nullptr ? broadcast->p2 : nullptr;
}

}  // namespace

graph::Graph read_graph(const NetView& view) {
    const std::vector<Layer*>& layers = view.layers();
    const vlayer &inputs = view.net()->lin, &outputs = view.net()->lout;
    const std::unordered_set<const Tensor*> shared = view.shared_parameters();
    std::unordered_map<const Layer*, std::size_t> position_of;
    std::unordered_map<const Layer*, std::string> taken;  // shapes, by layers that come before
    graph::Graph graph;
    for (std::size_t k = 0; k < layers.size(); ++k) {
        const Layer& layer = *layers[k];
        graph::Node node;
        node.name = layer.name;
        for (const Layer* parent : layer.parent) {
            const auto found = position_of.find(parent);
            if (found == position_of.end())
                throw PruneError(std::string(view.function()) + ": layer '" + layer.name +
                                 "' comes before its parent '" + parent->name + "'");
            node.inputs.push_back(found->second);
        }
        const Layer* const giver = shape_giver(layer);
        const auto given = position_of.find(giver);
        const bool lacks_giver = giver != nullptr && given == position_of.end();
        if (lacks_giver) taken[giver] = "its shape is taken by '" + layer.name + "', which comes before";
        if (given != position_of.end()) node.inputs.push_back(given->second);
        const auto is_output = [&](const Layer* one) {
            return std::find(outputs.begin(), outputs.end(), one) != outputs.end();
        };
        const auto shares = [&](const Layer* one) {
            return std::any_of(one->params.begin(), one->params.end(),
                               [&](const Tensor* parameter) { return shared.count(parameter) != 0; });
        };
        const bool has_channels = layer.output->shape.size() > channel_axis;
        node.channels = has_channels ? static_cast<std::size_t>(layer.output->shape[channel_axis]) : 1;
        if (shares(&layer))
            node.operation = graph::Opaque{"another layer of the net uses its parameters too"};
        else if (!has_channels)
            node.operation = graph::Opaque{"its output has no channels"};
        else if (lacks_giver)
            node.operation =
                graph::Opaque{"it takes the shape of '" + giver->name + "', which does not come before it"};
        else
            node.operation = read_layer(layer, describe_weights(layers[k], k));
        if (const auto* embedding = dynamic_cast<const LEmbedding*>(&layer))
            node.period = static_cast<std::size_t>(embedding->dim);
        if (is_output(&layer)) node.pin = "output of the net";
        else if (std::find(inputs.begin(), inputs.end(), &layer) != inputs.end()) node.pin = "input of the net";
        else if (const auto found = taken.find(&layer); found != taken.end()) node.pin = found->second;
        position_of[&layer] = graph.add(std::move(node));
    }
    return graph;
}

}  // namespace eddl_prune::adapter
