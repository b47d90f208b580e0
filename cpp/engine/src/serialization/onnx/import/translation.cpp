#include "serialization/onnx/import/translation.h"

#include <algorithm>
#include <iostream>
#include <new>

#include "apis/make.h"
#include "eddl/layers/core/layer_core.h"
#include "serialization/onnx/import/operators.h"

namespace eddl::onnx_io {

namespace {

// Numbers that all layers of a net together may have for one sample, constants included: 2 GiB of floats.
constexpr std::int64_t MAX_NUMBERS = std::int64_t{1} << 29;
constexpr std::int64_t MAX_FOLDED = std::int64_t{1}
                                    << 29;  // numbers computed at import, whether needed for long or not
constexpr std::int64_t MAX_DIMENSION = std::int64_t{1} << 30;
constexpr std::size_t MAX_RANK = 8;

std::vector<int> layer_shape(const Ints& sample) {
    std::vector<int> shape(sample.begin(), sample.end());
    if (shape.empty()) shape.push_back(1);
    return shape;
}

}  // namespace

Ints Value::shape() const {
    if (constant != nullptr) return constant->dims;
    Ints shape;
    for (const char axis : lead) shape.push_back(axis == 'b' ? BATCH : axis == 's' ? STEPS : 1);
    shape.insert(shape.end(), sample.begin(), sample.end());
    return shape;
}

Value constant_value(Constant constant) {
    Value value;
    value.constant = std::make_shared<const Constant>(std::move(constant));
    return value;
}

Translation::Translation(const Graph& graph, const ImportSettings& settings) : graph_(graph), settings_(settings) {
    for (const Node& node : graph.nodes) {
        for (const std::string& input : node.inputs)
            if (!input.empty()) readers_[input].push_back(&node);
        for (const std::string& output : node.outputs) producers_[output] = &node;
    }
    for (const auto& [name, nodes] : readers_) reads_left_[name] = nodes.size();
    for (const std::string& output : graph.outputs) {
        readers_[output].clear();  // not only the nodes read it
        ++reads_left_[output];
    }
}

Translation::~Translation() {
    for (auto l = layers_.rbegin(); l != layers_.rend(); ++l) delete *l;
}

void Translation::log(LOG_LEVEL level, const std::string& message) const {
    if (level >= settings_.log_level) std::cerr << IMPORT << ": " << message << std::endl;
}

// ---- values ----

const Value& Translation::value(const Node& node, std::size_t i) const {
    if (!node.has_input(i)) refuse(node, "input ", i, " is missing");
    return values_.at(node.inputs[i]);
}

const Value& Translation::layer(const Node& node, std::size_t i) const {
    const Value& v = value(node, i);
    if (v.layer == nullptr)
        refuse(node, "input ", i, " ('", node.inputs[i], "') is a constant, which is not covered there");
    return v;
}

const Constant& Translation::constant(const Node& node, std::size_t i, const std::string& what) const {
    const Value& v = value(node, i);
    if (v.constant == nullptr) {
        refuse(node, "its ", what, " ('", node.inputs[i], "') depends on the net's input, which is not covered");
    }
    return *v.constant;
}

void Translation::set(const Node& node, std::size_t i, Value value) {
    if (node.has_output(i)) values_[node.outputs[i]] = std::move(value);
}

void Translation::decode_initializer(const std::string& name) {
    const auto initializer = graph_.initializers.find(name);
    if (initializer == graph_.initializers.end() || values_.count(name) != 0) return;
    values_[name] = constant_value(decode(*initializer->second, settings_.folder));
}

const Constant* Translation::known(const std::string& name) {
    decode_initializer(name);
    const auto producer = producers_.find(name);
    if (producer != producers_.end() && producer->second->inputs.empty()) translate(*producer->second);
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : found->second.constant.get();
}

const Node* Translation::only_reader(const std::string& name) const {
    const auto found = readers_.find(name);
    return found == readers_.end() || found->second.size() != 1 ? nullptr : found->second[0];
}

void Translation::absorb(const Node& reader, Value value) { set(reader, 0, std::move(value)); }

// Constants go as soon as nobody needs them: they may be large.
void Translation::release_inputs(const Node& node) {
    for (const std::string& input : node.inputs) {
        if (input.empty() || --reads_left_[input] != 0) continue;
        const auto found = values_.find(input);
        if (found != values_.end() && found->second.constant != nullptr) values_.erase(found);
    }
}

// ---- layers ----

std::string Translation::unique(const std::string& given) {
    const std::string wanted = readable(given);
    std::string name = wanted;
    while (name.empty() || !names_.emplace(name, 0).second) name = wanted + "_" + std::to_string(++names_[wanted]);
    return name;
}

void Translation::reserve(const Node& node, std::int64_t count) {
    if (count > MAX_NUMBERS - numbers_) {
        refuse(node, "it takes ", count, " numbers a sample and the layers before it ", numbers_,
               ", which is beyond the ", MAX_NUMBERS, " that a net may have");
    }
    numbers_ += count;
}

Value Translation::add(const Node& node, const Ints& sample, const std::string& part, const Make& make) {
    if (sample.size() > MAX_RANK)
        refuse(node, "an output of more than ", MAX_RANK, " dimensions is not covered: ", sample);
    for (const std::int64_t d : sample) as_int(node, "an output's dimension", d, 1, MAX_DIMENSION);
    reserve(node, count(sample, node.name, MAX_NUMBERS));
    const std::string name = unique(part.empty() ? node.name : node.name + "/" + part);
    Value made;
    made.layer = make(name);
    layers_.push_back(made.layer);
    made.layer->name = name;
    made.sample = sample;
    const std::vector<int>& shape = made.layer->output->shape;
    if (std::vector<int>(shape.begin() + 1, shape.end()) != layer_shape(sample)) {
        refuse(node, "expected a layer of shape ", layer_shape(sample), " (batch not counted), its shape is ", shape);
    }
    log(LOG_LEVEL::DEBUG, title(node) + ": layer '" + name + "' " + to_text(shape));
    return made;
}

// ---- from the inputs to the outputs ----

// The inputs that recurrent nodes step through, found from them back. Those take [steps, batch, …]; before a
// transposition of these two it is [batch, steps, …].
std::unordered_map<std::string, std::string> Translation::find_sequences() const {
    std::unordered_map<std::string, std::string> leads;  // of all that is on the way
    std::vector<std::string> waiting;
    const auto reach = [&](const std::string& name, const std::string& lead) {
        if (!name.empty() && leads.emplace(name, lead).second) waiting.push_back(name);
    };
    for (const Node& node : graph_.nodes)
        if (is_recurrent(node) && node.has_input(0)) reach(node.inputs[0], "sb");
    while (!waiting.empty()) {
        const std::string name = waiting.back();
        waiting.pop_back();
        const auto producer = producers_.find(name);
        if (producer == producers_.end()) continue;
        const Node& node = *producer->second;
        std::string lead = leads.at(name);
        const Ints order = node.op == "Transpose" ? node.integers("perm") : Ints{};
        if (order.size() > 1 && order[0] == 1 && order[1] == 0) std::swap(lead[0], lead[1]);
        const std::size_t inputs = is_recurrent(node) ? 1 : node.inputs.size();
        for (std::size_t i = 0; i < std::min(inputs, node.inputs.size()); ++i) reach(node.inputs[i], lead);
    }
    return leads;
}

void Translation::read_inputs() {
    if (!settings_.input_shape.empty() && graph_.inputs.size() != 1) {
        reject("an input shape was given, but the model has ", graph_.inputs.size(), " inputs");
    }
    const auto sequences = find_sequences();
    for (const ValueInfoProto* message : graph_.inputs) {
        Node node;  // stands for the input in messages
        node.name = message->name();
        node.op = "input";
        if (!message->type().has_tensor_type()) refuse(node, "it is not a tensor, which is not covered");
        const auto& type = message->type().tensor_type();
        const bool whole = is_whole(type.elem_type());
        if (!whole && !is_fractional(type.elem_type())) refuse(node, "its elements are no numbers that are covered");
        Ints sample(settings_.input_shape.begin(), settings_.input_shape.end());
        const auto sequence = sequences.find(message->name());
        const std::string lead = sequence == sequences.end() ? "b" : sequence->second;
        if (sample.empty()) {
            const Ints dims = dims_of(*message);
            if (dims.size() < lead.size()) refuse(node, "it has no shape with a batch; give one as input_shape");
            sample.assign(dims.begin() + static_cast<std::ptrdiff_t>(lead.size()), dims.end());
            for (const std::int64_t d : sample) {
                if (d < 1)
                    refuse(node, "its shape ", dims, " is not fixed (the batch not counted); give one as input_shape");
            }
        }
        Value value = add(node, sample, "", [&](const std::string& name) { return Input(layer_shape(sample), name); });
        value.whole = whole;
        value.lead = lead;
        inputs_.push_back(value.layer);
        values_[message->name()] = std::move(value);
    }
}

// All that is missing in one message: which names are known now follows from the graph alone.
void Translation::expect_covered() const {
    std::unordered_set<std::string> known, untold;  // untold: what comes from an operator that is not covered
    for (const auto& [name, tensor] : graph_.initializers) known.insert(name);
    std::string missing;
    std::size_t count = 0;
    for (const Node& node : graph_.nodes) {
        const auto is_known = [&](const std::string& input) { return input.empty() || known.count(input) != 0; };
        const auto is_untold = [&](const std::string& input) { return untold.count(input) != 0; };
        const bool of_constants = std::all_of(node.inputs.begin(), node.inputs.end(), is_known);
        const bool of_untold = std::any_of(node.inputs.begin(), node.inputs.end(), is_untold);
        const bool of_shapes = node.op == "Shape" || node.op == "Size";
        const bool folds = find_fold(node.op) != nullptr, handles = find_operator(node.op) != nullptr;
        const bool covered = of_shapes || (of_constants ? folds : handles || (of_untold && folds));
        if (!covered || (of_untold && !of_shapes)) untold.insert(node.outputs.begin(), node.outputs.end());
        else if (of_constants || of_shapes) known.insert(node.outputs.begin(), node.outputs.end());
        if (covered) continue;
        constexpr std::size_t LISTED = 50;
        if (++count <= LISTED) missing += (count > 1 ? ", " : "") + node.op + " (node '" + node.name + "')";
    }
    if (count != 0) {
        reject(count, count == 1 ? " operator is" : " operators are", " not covered: ", missing,
               count > 50 ? ", …" : "");
    }
}

Values Translation::computed(const Node& node) {
    const bool shape = node.op == "Shape", size = node.op == "Size";
    if ((shape || size) && value(node, 0).layer != nullptr) {
        const Ints dims = value(node, 0).shape();
        if (size) {
            std::int64_t product = 1;
            for (const std::int64_t d : dims)
                if (__builtin_mul_overflow(product, d, &product))
                    refuse(node, "the size of a batch of ", dims, " is not covered");
            return {constant_value({{}, Ints{product}})};
        }
        const auto rank = static_cast<std::int64_t>(dims.size());
        const auto bound = [rank](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank); };
        const std::int64_t begin = bound(node.integer("start", 0)), end = bound(node.integer("end", rank));
        const Ints part(dims.begin() + begin, dims.begin() + std::max(begin, end));
        return {constant_value({{static_cast<std::int64_t>(part.size())}, part})};
    }
    Arguments arguments;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.has_input(i) && value(node, i).constant == nullptr) return {};
        arguments.push_back(node.has_input(i) ? value(node, i).constant.get() : nullptr);
    }
    const Fold fold = find_fold(node.op);
    if (fold == nullptr) refuse(node, "this operator is not covered on constants");
    Value result = constant_value(fold(node, arguments));
    folded_ += static_cast<std::int64_t>(result.constant->size());
    if (folded_ > MAX_FOLDED)
        refuse(node, "the constants that are computed up to it have ", folded_, " numbers, more than ", MAX_FOLDED);
    return {std::move(result)};
}

// Most operators know nothing of time steps: either what they do at each step is what they do to all, or they are
// refused.
Values Translation::handled(const Node& node) {
    const Operator* op = find_operator(node.op);
    if (op == nullptr) refuse(node, "this operator is not covered");
    if (op->steps == Steps::OWN) return op->handler(*this, node);
    std::string lead;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (!node.has_input(i) || value(node, i).layer == nullptr) continue;
        const std::string& own = value(node, i).lead;
        if (op->steps == Steps::NONE && own != "b") refuse(node, "it is not covered on sequences");
        if (!lead.empty() && lead != own) refuse(node, "its inputs differ in their axes of batch and time steps");
        lead = own;
    }
    Values results = op->handler(*this, node);
    for (Value& result : results) result.lead = lead;
    return results;
}

void Translation::translate(const Node& node) {
    for (const std::string& input : node.inputs) decode_initializer(input);
    if (node.has_output(0) && values_.count(node.outputs[0]) != 0) return;  // absorbed by a node before
    Values results = computed(node);
    if (results.empty()) results = handled(node);
    for (std::size_t i = 0; i < results.size(); ++i) set(node, i, std::move(results[i]));
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        const std::string& output = node.outputs[i];
        if (!output.empty() && reads_left_.count(output) != 0 && values_.count(output) == 0) {
            refuse(node, "its output ", i, " ('", output, "') is not covered");
        }
    }
}

// A layer of its own for each output of the graph, as losses are counted by layers.
Layer* Translation::output_layer(const std::string& name, std::unordered_set<const Layer*>& taken) {
    Node node;
    node.name = name;
    node.op = "output";
    if (graph_.initializers.count(name) != 0) refuse(node, "it is a constant, which is not covered");
    const Value& value = values_.at(name);
    if (value.layer == nullptr) refuse(node, "it is a constant, which is not covered");
    const bool is_input = std::find(inputs_.begin(), inputs_.end(), value.layer) != inputs_.end();
    if (!is_input && taken.insert(value.layer).second) return value.layer;
    return add(node, value.sample, "", [&](const std::string& layer_name) {
               return make<LActivation>(value.layer, "linear", std::vector<float>{1.0f}, layer_name);
           }).layer;
}

// Parts of nodes that no output needs.
void Translation::delete_unused(const vlayer& outputs) {
    std::unordered_set<const Layer*> used(inputs_.begin(), inputs_.end());
    vlayer waiting = outputs;
    while (!waiting.empty()) {
        Layer* l = waiting.back();
        waiting.pop_back();
        if (!used.insert(l).second) continue;
        waiting.insert(waiting.end(), l->parent.begin(), l->parent.end());
    }
    for (auto l = layers_.rbegin(); l != layers_.rend(); ++l)
        if (used.count(*l) == 0) {
            delete *l;
            *l = nullptr;
        }
    layers_.erase(std::remove(layers_.begin(), layers_.end(), nullptr), layers_.end());
}

std::unique_ptr<Net> Translation::run() {
    expect_covered();
    read_inputs();
    for (const Node& node : graph_.nodes) {
        try {
            translate(node);
        } catch (const ImportError&) {
            throw;
        } catch (const std::bad_alloc&) {
            refuse(node, "there is not enough memory for it");
        } catch (const std::exception& error) {
            refuse(node, error.what());
        }
        release_inputs(node);
    }
    vlayer outputs;
    std::unordered_set<const Layer*> taken;
    for (const std::string& name : graph_.outputs) outputs.push_back(output_layer(name, taken));
    delete_unused(outputs);
    for (Layer* l : layers_) l->set_mem_level(settings_.mem_level);
    auto net = std::make_unique<Net>(inputs_, outputs);
    layers_.clear();
    net->mem_level = settings_.mem_level;
    return net;
}

}  // namespace eddl::onnx_io
