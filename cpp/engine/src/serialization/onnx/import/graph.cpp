#include "serialization/onnx/import/graph.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

namespace eddl::onnx_io {

namespace {

constexpr std::size_t MAX_NODES = 100000;
constexpr int MAX_FUNCTION_DEPTH = 16;
constexpr std::size_t MAX_COPIED_BYTES = std::size_t{1} << 28;
constexpr std::size_t MAX_PREFIX = 100;
constexpr std::int64_t NEWEST_OPSET = 27;

bool is_onnx(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

std::string full_name(const std::string& domain, const std::string& op) {
    return is_onnx(domain) ? op : domain + "." + op;
}

using Opsets = std::map<std::string, std::int64_t>;

template <typename Imports>
Opsets read_opsets(const Imports& imports) {
    Opsets opsets;
    for (const auto& opset : imports) {
        const bool onnx = is_onnx(opset.domain());
        const std::int64_t version = opset.version();
        if (version < 1 || (onnx && version > NEWEST_OPSET)) {
            reject("operator set '", opset.domain(), "' has version ", version, ", expected 1 to ", NEWEST_OPSET);
        }
        opsets[onnx ? "" : opset.domain()] = version;
    }
    return opsets;
}

// Replaces a node that calls one of the model's functions by the function's nodes, until none is left.
class Inliner {
public:
    explicit Inliner(const ModelProto& model) {
        for (const auto& function : model.functions()) {
            const std::string name = full_name(function.domain(), function.name());
            if (!functions_.emplace(name, &function).second) reject("function '", name, "' is defined twice");
        }
    }

    template <typename Nodes>
    void add(const Nodes& nodes, const Opsets& opsets) {
        for (const NodeProto& node : nodes) add(node, opsets, nullptr);
    }

    std::vector<Node> take() { return std::move(nodes_); }

private:
    // What a function's body sees of its call.
    struct Call {
        const NodeProto* caller;
        std::string prefix;  // for names that only the body knows
        std::unordered_map<std::string, std::string> names;
        const onnx::FunctionProto* function;
        int depth;
    };

    void add(const NodeProto& node, const Opsets& opsets, const Call* call) {
        if (++seen_nodes_ > MAX_NODES) reject("the model has more than ", MAX_NODES, " nodes");
        Node result;
        result.op = full_name(node.domain(), node.op_type());
        for (const std::string& input : node.input()) result.inputs.push_back(seen(input, call));
        for (const std::string& output : node.output()) result.outputs.push_back(seen(output, call));
        result.message = with_attributes_of(node, call);
        result.name = call == nullptr ? node.name() : call->prefix + node.name();
        if (node.name().empty() && !result.outputs.empty()) result.name = result.outputs[0];

        const auto function = functions_.find(result.op);
        if (function != functions_.end()) {
            expand(result, *function->second, call == nullptr ? 0 : call->depth + 1);
            return;
        }
        const auto opset = opsets.find(is_onnx(node.domain()) ? "" : node.domain());
        if (opset == opsets.end()) refuse(result, "the model names no version of operator set '", node.domain(), "'");
        result.opset = opset->second;
        nodes_.push_back(std::move(result));
    }

    static std::string seen(const std::string& name, const Call* call) {
        if (call == nullptr || name.empty()) return name;
        const auto found = call->names.find(name);
        return found == call->names.end() ? call->prefix + name : found->second;
    }

    void expand(const Node& caller, const onnx::FunctionProto& function, int depth) {
        if (depth >= MAX_FUNCTION_DEPTH) refuse(caller, "functions call each other more than ", depth, " deep");
        if (caller.inputs.size() > static_cast<std::size_t>(function.input_size()) ||
            caller.outputs.size() > static_cast<std::size_t>(function.output_size())) {
            refuse(caller, "function '", function.name(), "' has fewer inputs or outputs than its call");
        }
        // Names grow no longer than this, however deep: a file may have thousands of calls with names of any length.
        const std::string prefix = caller.name.substr(0, MAX_PREFIX) + "#" + std::to_string(++calls_) + "/";
        Call call{caller.message.get(), prefix, {}, &function, depth};
        for (int i = 0; i < function.input_size(); ++i) {
            const auto index = static_cast<std::size_t>(i);
            call.names[function.input(i)] = caller.has_input(index) ? caller.inputs[index] : "";
        }
        for (int i = 0; i < function.output_size(); ++i) {
            const auto index = static_cast<std::size_t>(i);
            if (caller.has_output(index)) call.names[function.output(i)] = caller.outputs[index];
        }
        const Opsets opsets = read_opsets(function.opset_import());
        for (const NodeProto& node : function.node()) add(node, opsets, &call);
    }

    // Attributes that refer to the call's get their values, or the function's defaults.
    std::shared_ptr<const NodeProto> with_attributes_of(const NodeProto& node, const Call* call) {
        const auto refers = [](const AttributeProto& a) { return !a.ref_attr_name().empty(); };
        if (call == nullptr || std::none_of(node.attribute().begin(), node.attribute().end(), refers)) {
            return {std::shared_ptr<void>(), &node};  // the model's own
        }
        auto copy = std::make_shared<NodeProto>(node);
        copy->clear_attribute();
        for (const AttributeProto& attribute : node.attribute()) {
            const AttributeProto* value = refers(attribute) ? argument(attribute.ref_attr_name(), *call) : &attribute;
            if (value == nullptr) continue;
            copied_bytes_ += value->ByteSizeLong();
            if (copied_bytes_ > MAX_COPIED_BYTES)
                reject("functions hand on attributes of more than ", MAX_COPIED_BYTES, " bytes");
            AttributeProto& added = *copy->add_attribute();
            added = *value;
            added.set_name(attribute.name());
        }
        return copy;
    }

    static const AttributeProto* argument(const std::string& name, const Call& call) {
        if (const AttributeProto* given = find_attribute(*call.caller, name)) return given;
        for (const AttributeProto& otherwise : call.function->attribute_proto())
            if (otherwise.name() == name) return &otherwise;
        return nullptr;
    }

    std::map<std::string, const onnx::FunctionProto*> functions_;
    std::vector<Node> nodes_;
    std::size_t seen_nodes_ = 0;
    std::size_t calls_ = 0;
    std::size_t copied_bytes_ = 0;
};

// The nodes that the outputs need, in order.
class Order {
public:
    Order(std::vector<Node>& nodes, const Graph& graph) : nodes_(nodes) {
        for (const auto& [name, tensor] : graph.initializers) sources_.insert(name);
        for (const ValueInfoProto* input : graph.inputs) sources_.insert(input->name());
        for (std::size_t i = 0; i < nodes.size(); ++i)
            for (const std::string& output : nodes[i].outputs) {
                if (output.empty()) continue;
                if (sources_.count(output) != 0 || !producers_.emplace(output, i).second) {
                    refuse(nodes[i], "its output '", output, "' exists already");
                }
            }
    }

    std::vector<Node> sorted(const std::vector<std::string>& outputs) {
        std::vector<std::size_t> stack;
        for (const std::string& output : outputs) {
            const auto producer = source_of(output, nullptr);
            if (producer) stack.push_back(*producer);
        }
        // Depth first, without recursion: a node is entered, then its sources, and left once they are done.
        std::vector<State> states(nodes_.size(), State::NEW);
        std::vector<Node> order;
        while (!stack.empty()) {
            const std::size_t i = stack.back();
            if (states[i] != State::NEW) {
                if (states[i] == State::ENTERED) order.push_back(std::move(nodes_[i]));
                states[i] = State::DONE;
                stack.pop_back();
                continue;
            }
            states[i] = State::ENTERED;
            for (const std::string& input : nodes_[i].inputs) {
                const auto producer = source_of(input, &nodes_[i]);
                if (!producer || states[*producer] == State::DONE) continue;
                if (states[*producer] == State::ENTERED)
                    refuse(nodes_[i], "it is part of a cycle through '", input, "'");
                stack.push_back(*producer);
            }
        }
        return order;
    }

private:
    enum class State { NEW, ENTERED, DONE };

    std::optional<std::size_t> source_of(const std::string& name, const Node* reader) const {
        if (name.empty() || sources_.count(name) != 0) return std::nullopt;
        const auto found = producers_.find(name);
        if (found != producers_.end()) return found->second;
        if (reader == nullptr) reject("output '", name, "' is produced by nothing");
        refuse(*reader, "its input '", name, "' is produced by nothing");
    }

    std::vector<Node>& nodes_;
    std::unordered_set<std::string> sources_;
    std::unordered_map<std::string, std::size_t> producers_;
};

}  // namespace

Graph read_graph(const ModelProto& model) {
    if (!model.has_graph()) reject("the model has no graph");
    const GraphProto& message = model.graph();
    Graph graph;
    graph.producer = model.producer_name();
    if (message.sparse_initializer_size() != 0) {
        reject("tensor '", message.sparse_initializer(0).values().name(), "' is sparse, which is not covered");
    }
    for (const TensorProto& tensor : message.initializer()) {
        if (tensor.name().empty() || !graph.initializers.emplace(tensor.name(), &tensor).second) {
            reject("initializer '", tensor.name(), "' has no name of its own");
        }
    }
    // Before version 4 of the format initialisers were inputs too.
    std::unordered_set<std::string> names;
    for (const ValueInfoProto& input : message.input()) {
        if (input.name().empty() || !names.insert(input.name()).second) {
            reject("input '", input.name(), "' has no name of its own");
        }
        if (graph.initializers.count(input.name()) == 0) graph.inputs.push_back(&input);
    }
    for (const ValueInfoProto& output : message.output()) {
        if (output.name().empty()) reject("an output has no name");
        graph.outputs.push_back(output.name());
    }
    if (graph.inputs.empty() || graph.outputs.empty()) {
        reject("expected a model with inputs and outputs, received ", graph.inputs.size(), " and ",
               graph.outputs.size());
    }

    Inliner inliner(model);
    inliner.add(message.node(), read_opsets(model.opset_import()));
    std::vector<Node> nodes = inliner.take();
    graph.nodes = Order(nodes, graph).sorted(graph.outputs);
    return graph;
}

}  // namespace eddl::onnx_io
