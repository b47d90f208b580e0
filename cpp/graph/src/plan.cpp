#include "eddl_prune/graph/plan.h"

#include <algorithm>
#include <cmath>

#include "eddl_prune/graph/constants.h"
#include "eddl_prune/graph/units.h"

namespace eddl_prune::graph {

namespace {

// A channel that stays anyway carries for nothing, but a much smaller constant than the largest would amplify rounding.
constexpr float carrier_preference = 16.0f;

class Planner {
public:
    explicit Planner(const Graph& graph)
        : graph_(graph), constants_(propagate_constants(graph)), units_(assign_units(graph)), needed_(units_.count, 0),
          kept_(units_.count, 0), readings_(graph.size()) {
        for (std::size_t n = 0; n < graph.size(); ++n)
            if (const Linear* linear = linear_at(n)) {
                readings_[n].seen.assign(linear->connections.out, 0);
                readings_[n].read.assign(linear->connections.in, 0);
            }
    }

    Plan make() {
        for (std::size_t unit = 0; unit < units_.count; ++unit) needed_[unit] = units_.is_pinned(unit);
        do mark_needed();
        while (choose_carriers());
        keep_one_of_each();

        Plan plan;
        for (std::size_t n = 0; n < graph_.size(); ++n) plan.nodes.push_back(plan_node(n));
        plan.groups = plan_groups(plan);
        return plan;
    }

private:
    // What a linear node reads, as far as it is known to be needed.
    struct Reading {
        Flags seen;  // output channels whose reading is in `read`
        Flags read;  // input channels
        std::optional<std::size_t> carrier;
    };

    const Linear* linear_at(std::size_t n) const { return std::get_if<Linear>(&graph_[n].operation); }
    const Constants& input_constants(std::size_t n) const { return constants_[graph_.input_of(n)]; }
    const std::vector<std::size_t>& input_units(std::size_t n) const { return units_.of[graph_.input_of(n)]; }

    // Needed: the value of the channel matters to an output of the net. From the pinned units backwards, until nothing
    // more is reached; one pass does for a net whose layers only read from groups before their own.
    void mark_needed() {
        for (bool again = true; again;) {
            again = false;
            for (std::size_t n = graph_.size(); n-- > 0;)
                if (linear_at(n) != nullptr && mark_read_by(n)) again = true;
        }
    }

    bool mark_read_by(std::size_t n) {
        Reading& reading = readings_[n];
        Flags fresh(graph_[n].channels, 0);
        bool any = false;
        for (std::size_t o = 0; o < fresh.size(); ++o)
            if (reading.seen[o] == 0 && needed_[units_.of[n][o]] != 0) {
                fresh[o] = reading.seen[o] = 1;
                any = true;
            }
        if (!any) return false;

        mark_inputs(linear_at(n)->connections, fresh, reading.read);
        for (std::size_t i = 0; i < reading.read.size(); ++i)
            if (reading.read[i] != 0 && input_constants(n).known[i] == 0) needed_[input_units(n)[i]] = 1;
        return true;
    }

    static bool folds_into_bias(const Linear& linear) { return linear.bias != nullptr && !linear.zero_padded; }

    // A constant other than 0 that node n reads and that nothing else keeps.
    bool is_replaceable(std::size_t n, std::size_t i) const {
        return readings_[n].read[i] != 0 && input_constants(n).is_nonzero(i) && needed_[input_units(n)[i]] == 0;
    }

    // Where constants are to go but cannot go into a bias, one of them must stay. True where that made channels needed.
    bool choose_carriers() {
        bool changed = false;
        for (std::size_t n = graph_.size(); n-- > 0;) {
            const Linear* linear = linear_at(n);
            if (linear == nullptr || folds_into_bias(*linear) || readings_[n].carrier) continue;
            const std::size_t in = linear->connections.in;
            bool required = false;
            for (std::size_t i = 0; i < in && !required; ++i) required = is_replaceable(n, i);
            if (!required) continue;
            readings_[n].carrier = best_carrier(n, in);
            std::uint8_t& carrier_needed = needed_[input_units(n)[*readings_[n].carrier]];
            changed = changed || carrier_needed == 0;
            carrier_needed = 1;
        }
        return changed;
    }

    // The largest constant, or the largest of those that stay anyway unless that is much smaller. Lowest index of equals.
    std::size_t best_carrier(std::size_t n, std::size_t in) const {
        const Constants& constants = input_constants(n);
        const auto size = [&](std::size_t i) { return constants.is_nonzero(i) ? std::abs(constants.values[i]) : 0.0f; };
        std::size_t best = 0, best_kept = in;
        for (std::size_t i = 0; i < in; ++i) {
            if (size(i) > size(best)) best = i;
            if (needed_[input_units(n)[i]] != 0 && (best_kept == in || size(i) > size(best_kept))) best_kept = i;
        }
        return best_kept != in && size(best_kept) * carrier_preference >= size(best) ? best_kept : best;
    }

    // No layer can lose all its channels. What stays for this reason alone is nobody's input any more.
    void keep_one_of_each() {
        kept_ = needed_;
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            const std::vector<std::size_t>& of = units_.of[n];
            if (std::none_of(of.begin(), of.end(), [&](std::size_t unit) { return kept_[unit] != 0; })) kept_[of.front()] = 1;
        }
    }

    NodePlan plan_node(std::size_t n) const {
        NodePlan plan;
        for (std::size_t c = 0; c < graph_[n].channels; ++c)
            if (kept_[units_.of[n][c]] != 0) plan.keep.push_back(c);
        const Linear* linear = linear_at(n);
        if (linear == nullptr) return plan;

        const Constants& constants = input_constants(n);
        for (std::size_t i = 0; i < linear->connections.in; ++i) {
            if (is_replaceable(n, i)) plan.folded.push_back({i, constants.values[i]});
            const std::size_t unit = input_units(n)[i];
            if (readings_[n].read[i] != 0 && needed_[unit] == 0 && kept_[unit] != 0) plan.cleared.push_back(i);
        }
        if (!plan.folded.empty() && readings_[n].carrier)
            plan.carrier = Constant{*readings_[n].carrier, constants.values[*readings_[n].carrier]};
        return plan;
    }

    std::vector<GroupPlan> plan_groups(const Plan& plan) const {
        std::vector<GroupPlan> groups(units_.groups);
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            GroupPlan& group = groups[units_.group_of[n]];
            group.nodes.push_back(n);
            for (const std::size_t unit : units_.of[n])
                if (group.pinned.empty()) group.pinned = units_.reason(unit);
        }
        Flags carries(units_.count, 0);
        for (std::size_t n = 0; n < graph_.size(); ++n)
            if (plan.nodes[n].carrier) carries[input_units(n)[plan.nodes[n].carrier->channel]] = 1;
        for (GroupPlan& group : groups) {
            const std::vector<std::size_t>& first = units_.of[group.nodes.front()];
            for (std::size_t c = 0; c < first.size(); ++c) {
                if (kept_[first[c]] == 0) group.removed.push_back(c);
                if (carries[first[c]] != 0) group.carriers.push_back(c);
            }
        }
        return groups;
    }

    const Graph& graph_;
    const std::vector<Constants> constants_;
    const Units units_;
    Flags needed_;  // [unit]
    Flags kept_;    // [unit]
    std::vector<Reading> readings_;
};

}  // namespace

bool Plan::is_empty(const Graph& graph) const {
    for (std::size_t n = 0; n < nodes.size(); ++n)
        if (nodes[n].keep.size() != graph[n].channels || !nodes[n].folded.empty() || !nodes[n].cleared.empty()) return false;
    return true;
}

Plan make_plan(const Graph& graph) { return Planner(graph).make(); }

}  // namespace eddl_prune::graph
