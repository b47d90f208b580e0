// An ONNX graph, checked and put in order: what there is to translate, whoever wrote the file.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "serialization/onnx/import/node.h"

namespace eddl::onnx_io {

struct Graph {
    std::vector<const ValueInfoProto*> inputs;  // those that are no initialisers
    std::vector<std::string> outputs;
    std::unordered_map<std::string, const TensorProto*> initializers;
    std::vector<Node>
        nodes;  // what the outputs need, each after the nodes that it reads from; functions are put in place
    std::string producer;
};

// Points into the message. Refused: cycles, names that nothing produces or that two do, unknown operator sets,
// functions that contain themselves, more nodes than any net has.
Graph read_graph(const ModelProto& model);

}  // namespace eddl::onnx_io
