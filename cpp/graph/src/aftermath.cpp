#include "aftermath.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "eddl_prune/graph/folding.h"

namespace eddl_prune::graph {

namespace {

using Channels = std::vector<std::size_t>;

// --- the net that is left ---

Flags missing_from(const Channels& keep, std::size_t channels) {
    if (keep.size() == channels) return {};
    Flags missing(channels, 1);
    for (const std::size_t channel : keep) missing[channel] = 0;
    return missing;
}

void edit(Connections& connections, const NodePlan& plan) {
    if (!plan.carriers.empty() || !plan.cleared.empty() || !plan.idle.empty())
        connections.edits = std::make_shared<const Edits>(planned_edits(connections, plan));
}

class Aftermath {
public:
    Aftermath(const Graph& graph, const Plan& plan) : graph_(graph), plan_(plan), after_(graph) {}

    Graph make() {
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            const NodePlan& plan = plan_.nodes[n];
            Node& node = after_[n];
            node.absent = missing_from(plan.keep, node.channels);
            node.lost_inputs.assign(plan.lost_inputs.empty() ? 0 : node.inputs.size(), 0);
            for (const std::size_t input : plan.lost_inputs) node.lost_inputs[input] = 1;
            if (!plan.keep.empty())
                std::visit(Overloaded{
                               [](const Source&) {},
                               [&](Linear& linear) { amend(linear, plan); },
                               [&](Derived& derived) { amend(n, derived, plan); },
                               [&](Recurrent& cell) { amend(cell, plan); },
                               [](const Opaque&) {},
                           },
                           node.operation);
        }
        return std::move(after_);
    }

private:
    const float* hold(std::vector<float> values) {
        return after_.hold(std::make_shared<const std::vector<float>>(std::move(values)));
    }

    void amend(Linear& linear, const NodePlan& plan) {
        const Connections weights = linear.connections;
        edit(linear.connections, plan);
        if (plan.folded.empty() || !plan.carriers.empty()) return;
        if (linear.bias != nullptr) {
            linear.bias = hold(planned_offsets(weights, plan, linear.bias, 1.0));
            return;
        }
        const float* const before = graph_.derived(*plan.offset_behind)->offsets;
        std::vector<double>& less = less_taken_off_[*plan.offset_behind];
        for (const float offset : planned_offsets(weights, plan, before, -1.0))
            less.push_back(static_cast<double>(before[less.size()]) - static_cast<double>(offset));
    }

    void amend(std::size_t n, Derived& derived, const NodePlan& plan) {
        if (const auto less = less_taken_off_.find(n); less != less_taken_off_.end())
            derived.value = [value = std::move(derived.value), less = less->second](std::vector<Known> operands,
                                                                                    std::size_t channel) {
                if (operands.front()) *operands.front() += less[channel];
                return value(operands, channel);
            };
        if (derived.is_sum()) amend_sum(graph_[n], derived, plan);
    }

    // Of the channels that stay each map has those to which it still adds; the constants are the sum's own.
    static void amend_sum(const Node& node, Derived& sum, const NodePlan& plan) {
        for (std::size_t m = 0; m < sum.maps.size(); ++m) {
            Flags& omitted = sum.maps[m].omitted;
            omitted.assign(node.channels, 0);
            for (const std::size_t c : plan.keep) omitted[c] = 1;
            for (const std::size_t c : plan.added[m]) omitted[c] = 0;
        }
        std::vector<double> constants(node.channels, 0.0);
        for (const Constant& constant : plan.constants)
            constants[constant.channel] = static_cast<double>(constant.value);
        sum.value = sum_of(sum.maps, sum.factors, std::move(constants));
    }

    // The source's first biases take up its constants.
    void amend(Recurrent& cell, const NodePlan& plan) {
        if (!plan.folded.empty() && cell.source && !cell.source_biases.empty())
            cell.source_biases.front() =
                hold(planned_offsets(cell.from_inputs[*cell.source], plan, cell.source_biases.front(), 1.0));
        NodePlan states;
        states.cleared = plan.forgotten;
        for (Connections& gate : cell.from_inputs) edit(gate, plan);
        for (Connections& gate : cell.from_states) edit(gate, states);
    }

    const Graph& graph_;
    const Plan& plan_;
    Graph after_;
    std::map<std::size_t, std::vector<double>> less_taken_off_;  // by the node that did, one a channel
};

// --- two plans in one ---

bool is_before(const Constant& a, const Constant& b) { return a.channel < b.channel; }

std::vector<Constant> united(const std::vector<Constant>& a, const std::vector<Constant>& b) {
    std::vector<Constant> all;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all), is_before);
    return all;
}

Channels united(const Channels& a, const Channels& b) {
    Channels all;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all));
    return all;
}

Channels common(const Channels& a, const Channels& b) {
    Channels both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
}

// Where the second plan folds into other carriers, or into what is behind, all goes there. `inputs` stay.
void unite_constants(const Node& node, const NodePlan& first, const Channels& inputs, NodePlan& second) {
    const std::vector<Constant> newly = std::move(second.folded);
    second.folded = united(first.folded, newly);
    if (newly.empty()) {
        second.carriers = first.carriers;
        second.offset_behind = first.offset_behind;
    }
    if (second.carriers.empty()) return;
    const auto group_of = [group_in = std::get<Linear>(node.operation).connections.group_in()](const Constant& one) {
        return one.channel / group_in;
    };
    for (const Constant& carrier : first.carriers) {
        const auto replaces = [&](const Constant& other) { return group_of(other) == group_of(carrier); };
        if (std::none_of(second.carriers.begin(), second.carriers.end(), replaces))
            second.carriers.insert(std::upper_bound(second.carriers.begin(), second.carriers.end(), carrier, is_before),
                                   carrier);
    }
    for (auto carrier = second.carriers.begin(); carrier != second.carriers.end();) {
        const auto is_carried = [&](const Constant& one) { return group_of(one) == group_of(*carrier); };
        // Where it has gone, nobody reads what it carried.
        if (!std::binary_search(inputs.begin(), inputs.end(), carrier->channel)) {
            second.folded.erase(std::remove_if(second.folded.begin(), second.folded.end(), is_carried),
                                second.folded.end());
            carrier = second.carriers.erase(carrier);
            continue;
        }
        // One that had been folded into another carrier has its own weights again.
        const auto as_folded = std::lower_bound(second.folded.begin(), second.folded.end(), *carrier, is_before);
        if (as_folded != second.folded.end() && as_folded->channel == carrier->channel) {
            second.folded.erase(as_folded);
            second.cleared.erase(std::remove(second.cleared.begin(), second.cleared.end(), carrier->channel),
                                 second.cleared.end());
        }
        ++carrier;
    }
}

}  // namespace

Graph graph_after(const Graph& graph, const Plan& plan) { return Aftermath(graph, plan).make(); }

Plan one_plan(const Graph& graph, const Plan& first, Plan second) {
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const NodePlan& before = first.nodes[n];
        NodePlan& plan = second.nodes[n];
        if (plan.keep.empty()) continue;
        plan.idle = united(common(before.idle, plan.keep), plan.idle);
        plan.forgotten = united(common(before.forgotten, plan.keep), plan.forgotten);
        if (before.cleared.empty() && before.folded.empty()) continue;
        const Channels& inputs = second.nodes[graph.input_of(n)].keep;
        plan.cleared = united(common(before.cleared, inputs), plan.cleared);
        unite_constants(graph[n], before, inputs, plan);
    }
    return second;
}

}  // namespace eddl_prune::graph
