#include "recurrent_roles.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace eddl_prune::adapter {

namespace {

using Place = std::optional<std::size_t>;  // of a layer

// Who does what when a net is unrolled.
struct Roles {
    bool encodes = false, decodes = false;  // whether there is a cell outside of a decoder, in a decoder
    Place from, to;                         // between which states pass, though neither is the other's parent
    // On EDDL, where the order of layers matters:
    Place mark;                                // the first that is marked as of a decoder
    std::vector<std::size_t> stepping_inputs;  // of the encoder, with a cell behind them
    std::vector<std::size_t> read_inputs;
};

// Why the roles must not become `after` when this departs; "" if they may.
std::string objection(const Roles& before, const Roles& after, const graph::Departures& departures) {
    const bool is_new_pair = after.from != before.from || after.to != before.to;
    const bool pair_leaves = before.to && departures.leaves(*before.to) && !after.to;
    if (after.encodes != before.encodes) return "a recurrent net keeps a cell";
    if (after.decodes != before.decodes) return "a decoder keeps a cell";
    if (is_new_pair && !pair_leaves) return "states pass from the encoder to the decoder";
    if (after.mark != before.mark) return "EDDL knows by it where the decoder begins";
    if (after.stepping_inputs != before.stepping_inputs) return "EDDL mistakes inputs without a cell behind them";
    if (after.read_inputs != before.read_inputs) return "EDDL cannot train over time with inputs that nobody reads";
    return "";
}

class RoleFinder {
public:
    RoleFinder(const vlayer& layers, const graph::Graph& graph)
        : layers_(layers), graph_(graph), decoding_(decoding_layers(layers)) {}

    Roles roles(const graph::Departures& departures) const {
        Roles found;
        for (std::size_t n = 0; n < layers_.size(); ++n)
            if (layers_[n]->isrecurrent && !departures.leaves(n)) (decoding_[n] ? found.decodes : found.encodes) = true;
        pass_states(departures, found);
        return found;
    }

private:
    template <class Fits>
    Place first(const graph::Departures& departures, Fits fits, std::size_t from = 0) const {
        for (std::size_t n = from; n < layers_.size(); ++n)
            if (!departures.leaves(n) && fits(n)) return n;
        return std::nullopt;
    }
    template <class Fits>
    Place last(const graph::Departures& departures, Fits fits, std::size_t end) const {
        for (std::size_t n = end; n-- > 0;)
            if (!departures.leaves(n) && fits(n)) return n;
        return std::nullopt;
    }

    static void pass(Place from, Place to, Roles& found) {
        if (!from || !to) return;
        found.from = from;
        found.to = to;
    }

#if defined(EDDL_EMBEDDED_ENGINE)
    // To the first cell of the decoder that is not told where to begin, from the encoder's last layer with states.
    void pass_states(const graph::Departures& departures, Roles& found) const {
        const auto begins_anywhere = [this](std::size_t n) {
            return decoding_[n] && layers_[n]->isrecurrent && layers_[n]->parent.size() < 2;
        };
        const auto has_states = [this](std::size_t n) { return !decoding_[n] && !layers_[n]->states.empty(); };
        if (found.encodes)
            pass(last(departures, has_states, layers_.size()), first(departures, begins_anywhere), found);
    }
#else
    // EDDL goes by the order of the layers: to the first cell from the mark on, from the last layer before the mark
    // that has a cell behind it. Inputs that have none it puts behind all others, and then takes them for the cells of
    // the step before.
    void pass_states(const graph::Departures& departures, Roles& found) const {
        const auto [feeds, reads] = what_is_read(departures);
        const auto feeds_cells = [&feeding = feeds](std::size_t n) { return static_cast<bool>(feeding[n]); };
        const auto is_cell = [this](std::size_t n) { return layers_[n]->isrecurrent; };
        found.mark = first(departures, [this](std::size_t n) { return layers_[n]->isdecoder; });
        for (std::size_t n = 0; n < layers_.size(); ++n)
            if (layers_[n]->parent.empty() && reads[n]) found.read_inputs.push_back(n);
        const Place cell = first(departures, is_cell);
        if (!cell || (found.mark && *cell > *found.mark)) return;  // no encoder
        if (found.mark)
            pass(last(departures, feeds_cells, *found.mark), first(departures, is_cell, *found.mark), found);
        for (std::size_t n = 0; n < layers_.size(); ++n)
            if (layers_[n]->parent.empty() && !decoding_[n] && feeds[n]) found.stepping_inputs.push_back(n);
    }

    // [layer]: is it a cell, or has one behind it; does anything read it.
    std::pair<std::vector<bool>, std::vector<bool>> what_is_read(const graph::Departures& departures) const {
        std::vector<bool> feeds(layers_.size()), reads(layers_.size());
        for (std::size_t n = layers_.size(); n-- > 0;) {
            if (departures.leaves(n)) continue;
            feeds[n] = feeds[n] || layers_[n]->isrecurrent;
            for (std::size_t k = 0; k < graph_[n].inputs.size(); ++k) {
                if (departures.loses(n, k)) continue;
                reads[graph_[n].inputs[k]] = true;
                if (feeds[n]) feeds[graph_[n].inputs[k]] = true;
            }
        }
        return {feeds, reads};
    }
#endif

    const vlayer& layers_;
    const graph::Graph& graph_;
    const std::vector<bool> decoding_;
};

// Lets a layer stay, with all before it that had not departed `before`; how many layers that brings back.
std::size_t bring_back(const graph::Graph& graph, const graph::Departures& before, graph::Departures& departures,
                       std::size_t n) {
    if (!departures.leaves(n)) return 0;
    departures.nodes[n] = 0;
    std::size_t count = 1;
    for (std::size_t k = 0; k < graph[n].inputs.size(); ++k)
        if (!before.loses(n, k)) count += bring_back(graph, before, departures, graph[n].inputs[k]);
    return count;
}

std::size_t bring_back(const graph::Graph& graph, const graph::Departures& before, graph::Departures& departures,
                       const graph::Requirement& required) {
    if (!required.input) return bring_back(graph, before, departures, required.node);
    departures.inputs[required.node][*required.input] = 0;
    return bring_back(graph, before, departures, graph[required.node].inputs[*required.input]);
}

// What could be required: inputs that are lost, and layers that lead nowhere from the beginning. Those that bring back
// most layers come first.
std::vector<graph::Requirement> candidates(const graph::Graph& graph, const graph::Departures& before,
                                           const graph::Departures& departures, const std::string& reason) {
    graph::Flags read(graph.size(), 0);
    std::vector<graph::Requirement> found;
    for (std::size_t n = graph.size(); n-- > 0;) {
        if (before.leaves(n)) continue;
        if (departures.leaves(n) && read[n] == 0) found.push_back({n, std::nullopt, reason});
        for (std::size_t k = 0; k < graph[n].inputs.size(); ++k) {
            if (before.loses(n, k)) continue;
            read[graph[n].inputs[k]] = 1;
            if (departures.loses(n, k)) found.push_back({n, k, reason});
        }
    }
    const auto brings_back = [&](const graph::Requirement& one) {
        graph::Departures less = departures;
        return bring_back(graph, before, less, one);
    };
    std::stable_sort(found.begin(), found.end(), [&](const graph::Requirement& a, const graph::Requirement& b) {
        return brings_back(a) > brings_back(b);
    });
    return found;
}

}  // namespace

std::vector<bool> decoding_layers(const vlayer& layers) {
    std::vector<bool> decoding(layers.size());
    const auto decodes = [&](const Layer* layer) {
        const auto place = std::find(layers.begin(), layers.end(), layer);
        return place != layers.end() && decoding[static_cast<std::size_t>(place - layers.begin())];
    };
    for (std::size_t n = 0; n < layers.size(); ++n)
        decoding[n] = layers[n]->isdecoder ||
                      std::any_of(layers[n]->parent.begin(), layers[n]->parent.end(), decodes);
    return decoding;
}

graph::Requirements requirements_over_time(const vlayer& layers, const graph::Graph& graph) {
    if (std::none_of(layers.begin(), layers.end(), [](const Layer* layer) { return layer->isrecurrent; }))
        return [](const graph::Departures&, const graph::Departures&) { return std::vector<graph::Requirement>(); };
    return [finder = RoleFinder(layers, graph), &graph](const graph::Departures& before,
                                                        const graph::Departures& departures) {
        const Roles roles = finder.roles(before);
        const auto objection_to = [&](const std::vector<graph::Requirement>& required) {
            graph::Departures less = departures;
            for (const graph::Requirement& one : required) bring_back(graph, before, less, one);
            return objection(roles, finder.roles(less), less);
        };
        std::vector<graph::Requirement> required;
        const std::string reason = objection_to(required);
        if (reason.empty()) return required;
        // All of them, and then none that the others make superfluous.
        required = candidates(graph, before, departures, reason);
        for (std::size_t i = 0; i < required.size();) {
            std::vector<graph::Requirement> others = required;
            others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
            if (objection_to(others).empty())
                required = std::move(others);
            else
                ++i;
        }
        return required;
    };
}

}  // namespace eddl_prune::adapter
