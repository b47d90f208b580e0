#include "eddl_prune/graph/plan.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "aftermath.h"
#include "carriers.h"
#include "eddl_prune/graph/constants.h"

namespace eddl_prune::graph {

namespace {

const char* const alive = "in use";
const char* const carries = "carries constants";
const std::string last_one = "a layer keeps at least one channel";

// A node and one of its inputs.
struct Edge {
    std::size_t node, input;
};

// What is not to leave.
struct Required {
    explicit Required(const Graph& graph) : nodes(graph.size(), 0), held(graph.size()) {
        for (const Node& node : graph.nodes()) inputs.emplace_back(node.inputs.size(), 0);
    }

    // `departures`: those that it is required of.
    void add(const Graph& graph, const Departures& departures, const Requirement& requirement) {
        if (requirement.input) {
            inputs[requirement.node][*requirement.input] = 1;
            hold(graph, departures, graph[requirement.node].inputs[*requirement.input], requirement.reason);
        } else {
            nodes[requirement.node] = 1;
            hold(graph, departures, requirement.node, requirement.reason);
        }
    }

    Flags nodes;
    std::vector<Flags> inputs;      // [node][input]
    std::vector<std::string> held;  // Departures::held

private:
    void hold(const Graph& graph, const Departures& departures, std::size_t n, const std::string& reason) {
        if (!departures.leaves(n) || !held[n].empty()) return;
        held[n] = reason;
        for (std::size_t k = 0; k < graph[n].inputs.size(); ++k)
            if (graph[n].reads(k)) hold(graph, departures, graph[n].inputs[k], reason);
    }
};

[[noreturn]] void refuse(const Graph& graph, const Units& units, std::size_t unit, const std::string& reason) {
    const Slot& slot = units.members[unit].front();
    throw std::invalid_argument("channel " + std::to_string(slot.channel) + " of layer '" + graph[slot.node].name +
                                "' must stay: " + reason);
}

class Planner {
public:
    // All is borrowed. Constants depend on which channels are zeroed, not on units.
    Planner(const Graph& graph, const Units& units, const Flags& zeroed, const std::vector<Constants>& constants)
        : graph_(graph), units_(units), zeroed_(zeroed), constants_(constants), needed_(units.count, 0),
          lost_(units.count, 0), offset_behind_(nodes_with_offsets_behind()), readings_(graph.size()),
          readers_(graph.size()) {
        for_lost_units([this](std::size_t unit, const Edge&) { lost_[unit] = 1; });
        for (std::size_t n = 0; n < graph.size(); ++n) {
            Reading& reading = readings_[n];
            for (const std::size_t input : graph[n].inputs) readers_[input].push_back(n);
            reading.needed.assign(graph[n].channels, 0);
            reading.seen.assign(graph[n].channels, 0);
            if (const Linear* linear = graph.linear(n)) {
                reading.read.assign(linear->connections.in, 0);
                reading.carriers.resize(linear->connections.groups);
            } else if (graph.recurrent(n) != nullptr) {
                reading.read.assign(graph[graph.input_of(n)].channels, 0);
                reading.recalled.assign(graph[n].channels, 0);
            }
        }
    }

    // What nobody needs though nothing be coupled (of units of one channel each).
    Departures find_departures(const Required& required) {
        required_ = &required;
        for (std::size_t n = 0; n < graph_.size(); ++n)
            if (!graph_[n].pin.empty()) need_all(n);
        std::vector<std::optional<std::size_t>> last_inputs(graph_.size());
        Departures departures;
        do {
            do mark_needed();
            while (choose_carriers());
            departures = nodes_without_readers(last_inputs);
            changed_ = false;
            for (std::size_t n = 0; n < graph_.size(); ++n) {
                if (departures.leaves(n)) continue;
                if (std::holds_alternative<Opaque>(graph_[n].operation))
                    for (const std::size_t input : graph_[n].inputs) need_all(input);
                if (passes_states(n)) need_all(n);
            }
        } while (changed_);
        departures.held = required.held;
        return departures;
    }

    Plan make() {
        need_what_is_pinned();
        do mark_needed();
        while (choose_carriers());
        check_zeroed();
        keep_structure();
        check_watched();
        for_lost_units([this](std::size_t unit, const Edge& edge) {
            if (kept_[unit] != 0) conflicts_.push_back(edge);
        });

        Plan plan;
        for (std::size_t n = 0; n < graph_.size(); ++n) plan.nodes.push_back(plan_node(n));
        plan.groups = plan_groups();
        return plan;
    }

    // Inputs that were to be lost, and of which coupling or evenness keeps a channel: the plan that was made is not
    // sound.
    const std::vector<Edge>& conflicts() const { return conflicts_; }

private:
    struct Reading {
        Flags needed;  // output channels whose value matters to an output of the net
        Flags seen;    // those of them whose operands or inputs have been marked
        bool stale = true;  // what it needs may have become more
        // Linear and recurrent nodes only:
        Flags read;      // input channels that are joined with `seen` outputs
        Flags recalled;  // of recurrent nodes: own channels that are, a time step before
        std::vector<std::optional<std::size_t>> carriers;  // [group], an input channel
    };

    // Of what a weighted sum or a cell reads.
    const Constants& input_constants(std::size_t n) const { return constants_[graph_.inside_of(graph_.input_of(n))]; }
    const std::vector<Number>& input_units(std::size_t n) const { return units_.of[graph_.input_of(n)]; }

    void need_all(std::size_t n) {
        for (std::size_t c = 0; c < graph_[n].channels; ++c) need(n, c);
    }

    void need(std::size_t n, std::size_t channel) {
        Reading& reading = readings_[n];
        if (reading.needed[channel] != 0) return;
        reading.needed[channel] = 1;
        changed_ = reading.stale = true;
        const std::size_t unit = units_.of[n][channel];
        if (std::exchange(needed_[unit], std::uint8_t{1}) != 0) return;
        if (units_.members.empty())
            wake_readers({static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(channel)});
        else
            for (const Slot& slot : units_.members[unit]) wake_readers(slot);
    }

    // Those who could do without a constant read it where it stays anyway.
    void wake_readers(const Slot& slot) {
        if (constants_[graph_.inside_of(slot.node)].known[slot.channel] != 0)
            for (const std::size_t reader : readers_[slot.node]) readings_[reader].stale = true;
    }

    bool passes_states(std::size_t n) const {
        const Recurrent* cell = graph_.recurrent(n);
        return cell != nullptr && !cell->states_pass.empty();
    }

    // What a pin names is pinned for its value. Other channels of the same units stay too, whatever they hold.
    void need_what_is_pinned() {
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            const Node& node = graph_[n];
            if (departures().leaves(n)) continue;
            if (!node.pin.empty() || passes_states(n)) need_all(n);
            if (!std::holds_alternative<Opaque>(node.operation) && !std::holds_alternative<Source>(node.operation))
                continue;
            need_all(n);
            for (const std::size_t input : node.inputs) need_all(input);
        }
    }

    // Backwards, until nothing more is reached. One pass does unless a constant turns out to stay that was passed
    // before.
    void mark_needed() {
        do {
            changed_ = false;
            for (std::size_t n = graph_.size(); n-- > 0;) {
                if (!std::exchange(readings_[n].stale, false)) continue;
                if (graph_.linear(n) != nullptr)
                    mark_linear(n);
                else if (const Recurrent* cell = graph_.recurrent(n))
                    mark_recurrent(n, *cell);
                else if (const Derived* sum = graph_.sum(n))
                    mark_sum(n, *sum);
                else if (const Derived* derived = graph_.derived(n))
                    mark_derived(n, *derived);
            }
        } while (changed_);
    }

    // The needed outputs that have not been seen yet; empty where there are none.
    Flags take_fresh(std::size_t n) {
        Reading& reading = readings_[n];
        Flags fresh(graph_[n].channels, 0);
        bool any = false;
        for (std::size_t o = 0; o < fresh.size(); ++o)
            if (reading.seen[o] == 0 && reading.needed[o] != 0) {
                fresh[o] = reading.seen[o] = 1;
                any = true;
            }
        return any ? fresh : Flags();
    }

    void mark_linear(std::size_t n) {
        const Flags fresh = take_fresh(n);
        if (!fresh.empty()) mark_inputs(graph_.linear(n)->connections, fresh, readings_[n].read);
        need_inputs(n, true);
    }

    void mark_recurrent(std::size_t n, const Recurrent& cell) {
        Reading& reading = readings_[n];
        if (const Flags fresh = take_fresh(n); !fresh.empty()) {
            for (const Connections& gate : cell.from_inputs) mark_inputs(gate, fresh, reading.read);
            for (const Connections& gate : cell.from_states) mark_inputs(gate, fresh, reading.recalled);
            for (std::size_t i = 0; i < (cell.watches_inputs ? reading.read.size() : 0); ++i)
                if (!is_zero(input_constants(n), i)) need(graph_.input_of(n), i);
        }
        need_inputs(n, cell.has_biases);
        for (std::size_t c = 0; c < graph_[n].channels; ++c)
            if (reading.recalled[c] != 0 && constants_[n].known[c] == 0) need(n, c);
    }

    // Constants other than 0 are not needed where something else can take them up, unless they stay anyway.
    void need_inputs(std::size_t n, bool takes_constants) {
        const Flags& read = readings_[n].read;
        const Constants& constants = input_constants(n);
        for (std::size_t i = 0; i < read.size(); ++i) {
            const bool varies = takes_constants ? constants.known[i] == 0 : !is_zero(constants, i);
            if (read[i] != 0 && (varies || needed_[input_units(n)[i]] != 0)) need(graph_.input_of(n), i);
        }
    }

    // Needed channels need their operands, but for those without which the value is the same.
    void mark_derived(std::size_t n, const Derived& derived) {
        Reading& reading = readings_[n];
        for (std::size_t c = 0; c < graph_[n].channels; ++c) {
            if (reading.needed[c] == 0 || reading.seen[c] != 0) continue;
            reading.seen[c] = 1;
            collect_operands(graph_, graph_[n], derived, constants_, c, operands_);
            const bool known = derived.value(operands_, c).has_value();
            std::size_t operand = 0;
            for (const ChannelMap& map : derived.maps) {
                const ChannelRange sources = map.sources(c);
                if (!map.read || sources.begin == sources.end) continue;
                const Known value = operands_[operand];
                operands_[operand] = std::nullopt;
                if (!known || !derived.value(operands_, c)) {
                    operands_[operand] = value;
                    for (std::size_t i = sources.begin; i < sources.end; ++i) need(graph_[n].inputs[map.input], i);
                }
                ++operand;
            }
        }
    }

    // An uneven sum adds constants itself, but for those that stay anyway.
    void mark_sum(std::size_t n, const Derived& derived) {
        const bool even = units_.sums == Sums::even;
        Flags lost(graph_[n].inputs.size(), 0);
        if (required_ == nullptr)
            for (std::size_t k = 0; k < lost.size(); ++k) lost[k] = departures().loses(n, k);
        else if (even)
            lost = dispensable_inputs(n);
        for (std::size_t c = 0; c < graph_[n].channels; ++c) {
            if (readings_[n].needed[c] == 0) continue;
            for (const ChannelMap& map : derived.maps) {
                if (lost[map.input] != 0) continue;
                const ChannelRange source = map.sources(c);
                const std::size_t input = graph_[n].inputs[map.input];
                for (std::size_t i = source.begin; i < source.end; ++i)
                    if (even || constants_[input].known[i] == 0 || needed_[units_.of[input][i]] != 0) need(input, i);
            }
        }
    }

    // --- what leaves as a whole ---

    const Departures& departures() const { return units_.departures; }

    // Backwards from what must be there: a node stays if one that stays reads it and cannot do without. `last_inputs`
    // remembers for nodes that could do without any of their inputs which one they keep.
    Departures nodes_without_readers(std::vector<std::optional<std::size_t>>& last_inputs) const {
        Departures departures;
        departures.nodes.assign(graph_.size(), 1);
        departures.inputs.resize(graph_.size());
        for (std::size_t n = graph_.size(); n-- > 0;) {
            const Node& node = graph_[n];
            departures.inputs[n].assign(node.inputs.size(), 0);
            if (std::holds_alternative<Source>(node.operation) || !node.pin.empty() || required_->nodes[n] != 0)
                departures.nodes[n] = 0;
            if (departures.leaves(n)) continue;  // or has left before: nobody has kept it as an input
            Flags& lost = departures.inputs[n] = dispensable_inputs(n);
            if (!lost.empty() && std::find(lost.begin(), lost.end(), 0) == lost.end()) {
                if (!last_inputs[n]) last_inputs[n] = least_input(node, departures);
                lost[*last_inputs[n]] = 0;
            }
            for (std::size_t k = 0; k < lost.size(); ++k)
                if (lost[k] == 0) departures.nodes[node.inputs[k]] = 0;
        }
        return departures;
    }

    // The one that costs least: it stays anyway, or comes first.
    static std::size_t least_input(const Node& node, const Departures& departures) {
        const auto cost = [&](std::size_t k) {
            return std::make_tuple(!node.reads(k), departures.leaves(node.inputs[k]), node.inputs[k]);
        };
        std::size_t least = 0;
        for (std::size_t k = 1; k < node.inputs.size(); ++k)
            if (cost(k) < cost(least)) least = k;
        return least;
    }

    // The inputs that a node can do without: a concatenation, those of whose channels none is needed; an uneven sum,
    // those of which it adds nothing but constants; an even one, those that are 0.
    Flags dispensable_inputs(std::size_t n) const {
        const Node& node = graph_[n];
        Flags lost(node.inputs.size(), 0);
        const Derived* derived = graph_.derived(n);
        if (derived == nullptr || !derived->loses_inputs) return lost;
        for (std::size_t k = 0; k < lost.size(); ++k)
            lost[k] = required_->inputs[n][k] == 0;
        const bool even = derived->is_sum() && units_.sums == Sums::even;
        for (const ChannelMap& map : derived->maps) {
            const std::size_t input = node.inputs[map.input];
            for (std::size_t c = 0; c < node.channels && lost[map.input] != 0; ++c) {
                const ChannelRange source = map.sources(c);
                if (readings_[n].needed[c] == 0 || source.begin == source.end) continue;
                if (even)
                    lost[map.input] = is_zero(constants_[input], source.begin);
                else
                    lost[map.input] = derived->is_sum() && readings_[input].needed[source.begin] == 0;
            }
        }
        if (even && !(node.pin.empty() && stays_the_sum(*derived, lost)))
            for (std::size_t k = 0; k < lost.size(); ++k) lost[k] = !node.reads(k);
        return lost;
    }

    // Whether a sum of EDDL's of the other operands is the same, or the one that is left.
    static bool stays_the_sum(const Derived& sum, const Flags& lost) {
        const auto is_one = [](double factor) { return factor == 1.0; };
        if (std::all_of(sum.factors.begin(), sum.factors.end(), is_one)) return true;
        std::vector<std::size_t> left;
        for (std::size_t m = 0; m < sum.maps.size(); ++m)
            if (lost[sum.maps[m].input] == 0) left.push_back(m);
        return left.size() == 1 && is_one(sum.factors[left.front()]);
    }

    // Calls visit(unit, edge) for the channels of a concatenation that go with an input.
    template <class Visit>
    void for_lost_units(Visit visit) const {
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            const Derived* derived = graph_.derived(n);
            if (derived == nullptr || derived->is_sum() || departures().leaves(n)) continue;
            for (const ChannelMap& map : derived->maps)
                for (std::size_t q = 0; departures().loses(n, map.input) && q < map.count; ++q)
                    visit(units_.of[n][map.output_of(q).begin], Edge{n, map.input});
        }
    }

    bool is_lost(std::size_t n, std::size_t channel) const { return lost_[units_.of[n][channel]] != 0; }

    // An operand of which nothing is needed keeps a channel all the same. That may as well be one of its constants.
    void use_dead_operands(std::size_t n, const Derived& derived) {
        for (const ChannelMap& map : derived.maps) {
            const std::size_t input = graph_[n].inputs[map.input];
            const Flags& needed = readings_[input].needed;
            if (required_ != nullptr || departures().loses(n, map.input)) continue;
            if (std::find(needed.begin(), needed.end(), 1) != needed.end()) continue;
            for (std::size_t c = 0; c < graph_[n].channels; ++c) {
                const ChannelRange source = map.sources(c);
                if (readings_[n].needed[c] == 0 || source.begin == source.end ||
                    !constants_[input].is_nonzero(source.begin))
                    continue;
                need(input, source.begin);
                break;
            }
        }
    }

    // A sum that adds constant channels of its operands itself; nullptr for other nodes.
    const Derived* uneven_sum(std::size_t n) const { return units_.sums == Sums::uneven ? graph_.sum(n) : nullptr; }

    static bool is_zero(const Constants& constants, std::size_t channel) {
        return constants.known[channel] != 0 && !constants.is_nonzero(channel);
    }

    // A constant other than 0 that node n reads and that nothing else keeps.
    bool is_replaceable(std::size_t n, std::size_t i) const {
        return readings_[n].read[i] != 0 && input_constants(n).is_nonzero(i) && needed_[input_units(n)[i]] == 0;
    }

    // For each node the one that alone reads it, and that takes an offset off each of its channels.
    std::vector<std::optional<std::size_t>> nodes_with_offsets_behind() const {
        std::vector<std::size_t> readers(graph_.size(), 0);
        std::vector<std::optional<std::size_t>> behind(graph_.size());
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            const Node& node = graph_[n];
            if (node.has_left() || departures().leaves(n)) continue;
            const Derived* derived = graph_.derived(n);
            for (std::size_t k = 0; k < node.inputs.size(); ++k)
                if (node.reads(k) && !departures().loses(n, k) && ++readers[node.inputs[k]] == 1 &&
                    derived != nullptr && derived->offsets != nullptr)
                    behind[node.inputs[k]] = n;
        }
        for (std::size_t n = 0; n < graph_.size(); ++n)
            if (readers[n] != 1 || !graph_[n].pin.empty()) behind[n].reset();
        return behind;
    }

    // Whether a constant input becomes a constant at the outputs, which a bias or what is behind can hold.
    bool takes_constants(std::size_t n, const Linear& linear) const {
        return !linear.partial_taps && (linear.bias != nullptr || offset_behind_[n]);
    }

    // Where constants are to go and nothing takes them up, one of them must stay. True where that made channels needed.
    bool choose_carriers() {
        changed_ = false;
        std::vector<CarrierDemand> demands;
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            if (const Derived* sum = uneven_sum(n)) use_dead_operands(n, *sum);
            const Linear* linear = graph_.linear(n);
            if (linear != nullptr && !takes_constants(n, *linear)) add_demands(n, *linear, demands);
        }
        if (demands.empty()) return changed_;
        const auto cost_of = [this](std::size_t unit) { return carrier_cost(unit); };
        const std::vector<std::size_t> chosen = graph::choose_carriers(demands, cost_of);
        for (std::size_t d = 0; d < demands.size(); ++d) {
            const CarrierDemand& demand = demands[d];
            readings_[demand.node].carriers[demand.group] = chosen[d];
            need(graph_.input_of(demand.node), chosen[d]);
        }
        return changed_;
    }

    // What stays anyway costs nothing, other units the layers that they run through. What goes with a whole input had
    // better not carry.
    std::size_t carrier_cost(std::size_t unit) const {
        if (needed_[unit] != 0) return 0;
        return units_.size_of(unit) * (lost_[unit] != 0 ? graph_.size() : 1);
    }

    // Of all groups without a carrier that read constants which could go.
    void add_demands(std::size_t n, const Linear& linear, std::vector<CarrierDemand>& demands) const {
        const Constants& constants = input_constants(n);
        const std::size_t group_in = linear.connections.group_in();
        for (std::size_t g = 0; g < linear.connections.groups; ++g) {
            if (readings_[n].carriers[g]) continue;
            const ChannelRange inputs{g * group_in, (g + 1) * group_in};
            bool required = false;
            for (std::size_t i = inputs.begin; i < inputs.end && !required; ++i) required = is_replaceable(n, i);
            if (!required) continue;
            CarrierDemand& demand = demands.emplace_back(CarrierDemand{n, g, {}});
            for (std::size_t i = inputs.begin; i < inputs.end; ++i) {
                if (!constants.is_nonzero(i)) continue;
                const float size = std::abs(constants.values[i]);
                demand.offers.push_back({i, input_units(n)[i], size, readings_[n].read[i] != 0});
            }
        }
    }

    // A channel that is read without being coupled to its reader cannot be taken from it.
    void check_zeroed() const {
        for (std::size_t unit = 0; unit < units_.count; ++unit)
            if (zeroed_[unit] != 0 && needed_[unit] != 0) refuse(graph_, units_, unit, "layers that stay read it");
    }

    // --- what stays only because layers could not be without it; nobody reads it any more ---

    void keep_structure() {
        kept_.assign(units_.count, 0);
        const std::uint32_t in_use = number_of(alive), carrier_only = number_of(carries);
        for (std::size_t unit = 0; unit < units_.count; ++unit)
            if (needed_[unit] != 0) kept_[unit] = in_use;
        for (std::size_t n = 0; n < graph_.size(); ++n)
            if (graph_.linear(n) != nullptr)
                for (const std::optional<std::size_t>& carrier : readings_[n].carriers)
                    if (carrier && !is_otherwise_needed(input_units(n)[*carrier]))
                        kept_[input_units(n)[*carrier]] = carrier_only;
        // Evenness first: what it keeps may be the one channel that a layer needs.
        do {
            do {
                changed_ = false;
                for (std::size_t n = 0; n < graph_.size(); ++n) {
                    const Linear* linear = graph_.linear(n);
                    if (linear != nullptr && has_groups(n, linear->connections) && !departures().leaves(n))
                        even_groups(n, linear->connections);
                }
            } while (changed_);
            for (std::size_t n = 0; n < graph_.size() && !changed_; ++n)
                if (!departures().leaves(n)) keep_one(n);
        } while (changed_);
    }

    // What stays is 0 to its readers by zero weights, which is not enough where they look at the value itself.
    void check_watched() const {
        for (std::size_t n = 0; n < graph_.size(); ++n) {
            const Recurrent* cell = graph_.recurrent(n);
            if (cell == nullptr || !cell->watches_inputs) continue;
            for (const std::size_t unit : input_units(n))
                if (zeroed_[unit] != 0 && kept_[unit] != 0)
                    refuse(graph_, units_, unit, "'" + graph_[n].name + "' skips what is 0");
        }
    }

    bool is_kept(std::size_t n, std::size_t channel) const { return kept_[units_.of[n][channel]] != 0; }

    // Of a reason in `why_`, to which it is added.
    std::uint32_t number_of(const std::string& reason) {
        const auto known = std::find(why_.begin(), why_.end(), reason);
        const auto number = static_cast<std::uint32_t>(known - why_.begin());
        if (known == why_.end()) why_.push_back(reason);
        return number;
    }

    void keep(std::size_t n, std::size_t channel, const std::string& reason) {
        kept_[units_.of[n][channel]] = number_of(reason);
        changed_ = true;
    }

    // Whether something that varies, or a pin, keeps the unit as well.
    bool is_otherwise_needed(std::size_t unit) const {
        return units_.is_pinned(unit) ||
               std::any_of(units_.members[unit].begin(), units_.members[unit].end(), [&](const Slot& slot) {
                   return readings_[slot.node].needed[slot.channel] != 0 &&
                          constants_[slot.node].known[slot.channel] == 0;
               });
    }

    void keep_one(std::size_t n) {
        for (std::size_t c = 0; c < graph_[n].channels; ++c)
            if (is_kept(n, c)) return;
        std::size_t first = graph_[n].channels;
        for (std::size_t c = graph_[n].channels; c-- > 0;)
            if (graph_[n].has(c) && (first == graph_[n].channels || !is_lost(n, c) || is_lost(n, first))) first = c;
        const std::string& reason = departures().holds(n) ? departures().held[n] : last_one;
        keep(n, first, reason);  // where all are lost: a conflict
    }

    // Whether more than one group is there.
    bool has_groups(std::size_t n, const Connections& connections) const {
        std::size_t first = connections.groups, last = 0;
        for (std::size_t c = 0; c < (connections.groups > 1 ? connections.out : 0); ++c) {
            if (!graph_[n].has(c)) continue;
            first = std::min(first, c / connections.group_out());
            last = c / connections.group_out();
        }
        return first < last;
    }

    // A grouped convolution loses groups as a whole; the groups that stay have equally many inputs, and outputs.
    void even_groups(std::size_t n, const Connections& connections) {
        const std::size_t input = graph_.input_of(n);
        const auto kept_in = [this](std::size_t node, ChannelRange group) {
            std::size_t kept = 0;
            for (std::size_t c = group.begin; c < group.end; ++c) kept += is_kept(node, c) ? 1U : 0U;
            return kept;
        };
        const auto side = [](std::size_t group, std::size_t size) {
            return ChannelRange{group * size, (group + 1) * size};
        };
        std::vector<std::size_t> stay;
        std::size_t in = 1, out = 1;
        for (std::size_t g = 0; g < connections.groups; ++g) {
            const std::size_t group_in = kept_in(input, side(g, connections.group_in()));
            const std::size_t group_out = kept_in(n, side(g, connections.group_out()));
            if (group_in + group_out == 0) continue;
            stay.push_back(g);
            in = std::max(in, group_in);
            out = std::max(out, group_out);
        }
        const auto fill = [&](std::size_t node, ChannelRange group, std::size_t wanted) {
            for (std::size_t c = group.begin; c < group.end && kept_in(node, group) < wanted; ++c)
                if (!is_kept(node, c) && graph_[node].has(c))
                    keep(node, c, "uneven groups of '" + graph_[n].name + "'");
        };
        for (const std::size_t g : stay) {
            fill(input, side(g, connections.group_in()), in);
            fill(n, side(g, connections.group_out()), out);
        }
    }

    // --- the result ---

    NodePlan plan_node(std::size_t n) const {
        NodePlan plan;
        if (departures().leaves(n)) return plan;
        for (std::size_t k = 0; k < graph_[n].inputs.size(); ++k)
            if (departures().loses(n, k)) plan.lost_inputs.push_back(k);
        for (std::size_t c = 0; c < graph_[n].channels; ++c)
            if (is_kept(n, c)) plan.keep.push_back(c);
        if (const Derived* sum = graph_.sum(n)) plan_sum(n, *sum, plan);
        plan_inputs(n, plan);
        const Linear* linear = graph_.linear(n);
        if (linear == nullptr) return plan;

        if (linear->bias == nullptr && !linear->partial_taps) plan.offset_behind = offset_behind_[n];
        plan.idle = idle_outputs(n, linear->connections, plan.keep);
        plan.groups = 0;
        for (std::size_t k = 0, end = 0; k < plan.keep.size(); ++k)
            if (plan.keep[k] >= end) {
                ++plan.groups;
                end = (plan.keep[k] / linear->connections.group_out() + 1) * linear->connections.group_out();
            }

        const std::size_t group_in = linear->connections.group_in();
        std::vector<std::uint8_t> folds(linear->connections.groups, 0);
        for (const Constant& constant : plan.folded) folds[constant.channel / group_in] = 1;
        for (std::size_t g = 0; g < folds.size(); ++g)
            if (const std::optional<std::size_t>& carrier = readings_[n].carriers[g]; carrier && folds[g] != 0)
                plan.carriers.push_back({*carrier, input_constants(n).values[*carrier]});
        return plan;
    }

    // Those that only stay with others, and yet read something.
    std::vector<std::size_t> idle_outputs(std::size_t n, const Connections& connections,
                                          const std::vector<std::size_t>& keep) const {
        std::vector<std::size_t> idle;
        for (const std::size_t o : keep) {
            if (readings_[n].needed[o] != 0) continue;
            Flags one(connections.out, 0), read(connections.in, 0);
            one[o] = 1;
            mark_inputs(connections, one, read);
            if (std::find(read.begin(), read.end(), 1) != read.end()) idle.push_back(o);
        }
        return idle;
    }

    // Where operands may be uneven, a channel is added if somebody needs its value; otherwise it is a constant, or
    // nobody needs the sum.
    void plan_sum(std::size_t n, const Derived& derived, NodePlan& plan) const {
        plan.added.resize(derived.maps.size());
        for (const std::size_t c : plan.keep) {
            std::vector<Known> operands;
            for (std::size_t m = 0; m < derived.maps.size(); ++m) {
                const ChannelMap& map = derived.maps[m];
                const ChannelRange source = map.sources(c);
                if (source.begin == source.end) continue;
                const std::size_t input = graph_[n].inputs[map.input];
                const bool added = !departures().loses(n, map.input) &&
                                   (readings_[input].needed[source.begin] != 0 || units_.sums == Sums::even);
                if (added) plan.added[m].push_back(c);
                operands.push_back(added ? Known(0.0) : constants_[input].at(source.begin));
            }
            const Known rest = derived.value(operands, c);
            if (rest && *rest != 0.0) plan.constants.push_back({c, static_cast<float>(*rest)});
        }
    }

    void plan_inputs(std::size_t n, NodePlan& plan) const {
        const Reading& reading = readings_[n];
        for (std::size_t i = 0; i < reading.read.size(); ++i) {
            if (is_replaceable(n, i)) plan.folded.push_back({i, input_constants(n).values[i]});
            if (reading.read[i] != 0 && needed_[input_units(n)[i]] == 0 && is_kept(graph_.input_of(n), i))
                plan.cleared.push_back(i);
        }
        for (std::size_t c = 0; c < reading.recalled.size(); ++c)
            if (reading.recalled[c] != 0 && zeroed_[units_.of[n][c]] != 0 && is_kept(n, c)) plan.forgotten.push_back(c);
    }

    std::vector<GroupPlan> plan_groups() const {
        Flags is_carrier(units_.count, 0);
        for (std::size_t n = 0; n < graph_.size(); ++n)
            for (const std::optional<std::size_t>& carrier : readings_[n].carriers)
                if (carrier) is_carrier[input_units(n)[*carrier]] = 1;

        std::vector<GroupPlan> groups(units_.groups);
        std::vector<std::map<std::string, std::size_t>> reasons(units_.groups);
        for (std::size_t n = 0; n < graph_.size(); ++n)
            for (const std::size_t unit : units_.of[n]) {
                std::vector<std::size_t>& nodes = groups[units_.group_of[unit]].nodes;
                if (nodes.empty() || nodes.back() != n) nodes.push_back(n);
            }
        for (std::size_t unit = 0; unit < units_.count; ++unit) {
            GroupPlan& group = groups[units_.group_of[unit]];
            const std::size_t channel = units_.members[unit].front().channel;
            group.channels.push_back(channel);
            if (group.pinned.empty()) group.pinned = units_.reason(unit);
            if (is_carrier[unit] != 0) group.carriers.push_back(channel);
            if (kept_[unit] == 0)
                group.removed.push_back(channel);
            else
                ++reasons[units_.group_of[unit]][units_.is_pinned(unit) ? units_.reason(unit) : why_[kept_[unit]]];
        }
        for (std::size_t g = 0; g < groups.size(); ++g) {
            for (const auto& [reason, channels] : reasons[g]) groups[g].kept.push_back({reason, channels});
            std::stable_sort(groups[g].kept.begin(), groups[g].kept.end(),
                             [](const Blocker& a, const Blocker& b) { return a.channels > b.channels; });
        }
        return groups;
    }

    const Graph& graph_;
    const Units& units_;
    const Flags& zeroed_;  // [unit]
    const std::vector<Constants>& constants_;
    const Required* required_ = nullptr;  // while departures are sought
    std::vector<Edge> conflicts_;
    Flags needed_;                   // [unit]: one of its channels is
    Flags lost_;                     // [unit]: one of its channels goes with an input
    const std::vector<std::optional<std::size_t>> offset_behind_;  // [node]: the one behind that takes offsets off
    std::vector<std::uint32_t> kept_;     // [unit]: why it stays, a number in `why_`; 0 where it goes
    std::vector<std::string> why_ = {""};
    std::vector<Reading> readings_;
    std::vector<std::vector<std::size_t>> readers_;  // [node]
    std::vector<Known> operands_;  // kept for its memory
    bool changed_ = false;
};

// Whether anything could leave: through nodes that lose inputs, or because nobody reads it from the beginning.
bool has_merges_or_ends(const Graph& graph) {
    Flags read(graph.size(), 0);
    for (const Node& node : graph.nodes())
        for (const std::size_t input : node.inputs) read[input] = 1;
    for (std::size_t n = 0; n < graph.size(); ++n) {
        const Derived* derived = graph.derived(n);
        if (derived != nullptr && derived->loses_inputs) return true;
        if (read[n] == 0 && graph[n].pin.empty() && !std::holds_alternative<Source>(graph[n].operation)) return true;
    }
    return false;
}

// Of a sum's map.
std::size_t present_outputs(const Node& node, const ChannelMap& map) {
    std::size_t present = 0;
    for (std::size_t c = map.out; c < map.out_end(); ++c) {
        const ChannelRange source = map.sources(c);
        present += node.has(c) && source.begin != source.end ? 1U : 0U;
    }
    return present;
}

}  // namespace

bool Plan::is_empty(const Graph& graph) const {
    for (std::size_t n = 0; n < nodes.size(); ++n) {
        const Node& node = graph[n];
        const NodePlan& plan = nodes[n];
        const auto lost = std::count(node.lost_inputs.begin(), node.lost_inputs.end(), 1);
        if (plan.keep.size() != node.present_channels() || plan.lost_inputs.size() != static_cast<std::size_t>(lost) ||
            !plan.folded.empty() || !plan.cleared.empty() || !plan.idle.empty() || !plan.forgotten.empty())
            return false;
        for (std::size_t m = 0; m < plan.added.size(); ++m)
            if (plan.added[m].size() != present_outputs(node, graph.derived(n)->maps[m])) return false;
    }
    return true;
}

namespace {

void refuse_pinned(const Graph& graph, const Units& units, const Flags& zeroed) {
    for (std::size_t unit = 0; unit < units.count; ++unit)
        if (zeroed[unit] != 0 && units.is_pinned(unit)) refuse(graph, units, unit, units.reason(unit));
}

Departures departed_before(const Graph& graph) {
    Departures departed;
    for (const Node& node : graph.nodes()) {
        departed.nodes.push_back(node.has_left());
        departed.inputs.push_back(node.lost_inputs);
        departed.inputs.back().resize(node.inputs.size(), 0);
    }
    return departed;
}

// What goes when all that is left is the choice.
PlannedUnits plan_once(const Graph& graph, Sums sums, const ZeroedUnits& zeroed, const Requirements& requirements) {
    const Units separate = separate_units(graph, sums);
    const Flags zeroed_channels = zeroed(separate);
    const std::vector<Constants> constants = propagate_constants(graph, separate, zeroed_channels);
    const Departures departed = departed_before(graph);
    Required required(graph);
    const auto find_departures = [&] {
        for (;;) {
            Departures departures = Planner(graph, separate, zeroed_channels, constants).find_departures(required);
            const std::vector<Requirement> more = requirements(departed, departures);
            if (more.empty()) return departures;
            for (const Requirement& requirement : more) required.add(graph, departures, requirement);
        }
    };
    const bool may_depart = has_merges_or_ends(graph);
    for (;;) {
        PlannedUnits planned{assign_units(graph, sums, may_depart ? find_departures() : Departures()), {}};
        const Flags zeroed_units = zeroed(planned.units);
        refuse_pinned(graph, planned.units, zeroed_units);
        Planner planner(graph, planned.units, zeroed_units, constants);
        planned.plan = planner.make();
        if (planner.conflicts().empty()) return planned;
        for (const Edge& edge : planner.conflicts()) required.inputs[edge.node][edge.input] = 1;
    }
}

}  // namespace

PlannedUnits make_plan(const Graph& graph, Sums sums, const ZeroedUnits& zeroed, const Requirements& requirements) {
    const auto nothing = [](const Units& units) { return Flags(units.count, 0); };
    PlannedUnits planned = plan_once(graph, sums, zeroed, requirements);
    for (bool settled = planned.plan.is_empty(graph); !settled;) {
        const Graph after = graph_after(graph, planned.plan);
        planned.units = {};
        planned.plan.groups = {};
        PlannedUnits next = plan_once(after, sums, nothing, requirements);
        settled = next.plan.is_empty(after);
        next.plan = one_plan(graph, planned.plan, std::move(next.plan));
        planned = std::move(next);
    }
    return planned;
}

}  // namespace eddl_prune::graph
