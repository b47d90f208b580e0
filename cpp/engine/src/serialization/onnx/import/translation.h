// One import under way: what each name in the graph stands for, and the layers made so far.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "eddl/layers/layer.h"
#include "eddl/net/net.h"
#include "serialization/onnx/import/constant.h"
#include "serialization/onnx/import/graph.h"
#include "serialization/onnx/import/import.h"

namespace eddl::onnx_io {

// The first dimension of every layer is the batch, which has no size at import. Where a graph computes with shapes,
// this number stands for it: a prime that no real dimension is or has as a factor, so that sums of layers' sizes,
// products and quotients with it mean what they say.
constexpr std::int64_t BATCH = 2147483629;
// In recurrent nets another one stands for the number of time steps.
constexpr std::int64_t STEPS = 2147483587;

// What a name stands for: numbers that are known now, or a layer.
struct Value {
    std::shared_ptr<const Constant> constant;
    Layer* layer = nullptr;
    // The axes that ONNX sees in front of a sample's: b the batch, s time steps, of which a layer is one, d a 1 for the
    // one direction of recurrent layers. Only recurrent nets have others than b.
    std::string lead = "b";
    Ints sample;         // the layer's shape, batch not counted; where it is empty the layer's is [1]
    bool whole = false;  // a layer of whole numbers (class indices, say)

    std::size_t rank() const { return lead.size() + sample.size(); }
    Ints shape() const;  // in ONNX' eyes
};

Value constant_value(Constant constant);

using Values = std::vector<Value>;

class Translation {
public:
    Translation(const Graph& graph, const ImportSettings& settings);
    ~Translation();
    Translation(const Translation&) = delete;
    Translation& operator=(const Translation&) = delete;

    // Throws ImportError and leaves nothing behind, or returns a net that owns all layers.
    std::unique_ptr<Net> run();

    // --- for the handlers of operators ---

    // Whether EDDL wrote the file, which does not always write what it means.
    bool is_from_eddl() const { return graph_.producer == "EDDL"; }
    // The input's value; one that is left out is refused.
    const Value& value(const Node& node, std::size_t i) const;
    // The same, which must be a layer, or must be known now.
    const Value& layer(const Node& node, std::size_t i) const;
    const Constant& constant(const Node& node, std::size_t i, const std::string& what) const;
    bool is_constant(const Node& node, std::size_t i) const { return value(node, i).constant != nullptr; }

    // Makes a layer by make(name), after making sure that an output of that size is sane, and checks that it has the
    // shape foretold. `part` is empty for the layer that bears the node's name, and names the others.
    using Make = std::function<Layer*(const std::string& name)>;
    Value add(const Node& node, const Ints& sample, const std::string& part, const Make& make);
    // Refuses `count` numbers more than there may be in one net; for what is not a layer's output.
    void reserve(const Node& node, std::int64_t count);

    // The one node that reads an output of this name, if there is one only and the output is not the graph's.
    const Node* only_reader(const std::string& name) const;
    // The constant of that name, whether its turn has come or not; nullptr if it is none.
    const Constant* known(const std::string& name);
    // Lets `reader` be done already: its output is this value.
    void absorb(const Node& reader, Value value);

    void log(LOG_LEVEL level, const std::string& message) const;

private:
    std::unordered_map<std::string, std::string> find_sequences() const;
    Values handled(const Node& node);
    void read_inputs();
    void decode_initializer(const std::string& name);
    void expect_covered() const;
    void translate(const Node& node);
    Values computed(const Node& node);
    void set(const Node& node, std::size_t i, Value value);
    void release_inputs(const Node& node);
    Layer* output_layer(const std::string& name, std::unordered_set<const Layer*>& taken);
    void delete_unused(const vlayer& outputs);
    std::string unique(const std::string& given);

    const Graph& graph_;
    const ImportSettings& settings_;
    std::unordered_map<std::string, Value> values_;
    std::unordered_map<std::string, std::vector<const Node*>> readers_;
    std::unordered_map<std::string, std::size_t> reads_left_;
    std::unordered_map<std::string, const Node*> producers_;
    std::unordered_map<std::string, std::size_t> names_;  // of layers, and how many were made of each to be different
    vlayer inputs_;
    vlayer layers_;  // all made, in order; owned until the net has them
    std::int64_t numbers_ = 0;  // that the layers have for one sample
    std::int64_t folded_ = 0;
};

}  // namespace eddl::onnx_io
