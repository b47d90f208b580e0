// ONNX' messages and what both directions do with them: attributes of nodes, tensors, shapes. Bad content is a
// std::runtime_error that names the node or tensor; no allocation is larger than what the message itself holds.
#pragma once

#include <onnx.pb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "eddl/tensor/tensor.h"

namespace eddl::onnx_io {

using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;
using ::onnx::ValueInfoProto;

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;

// `Conv "conv1"`, `tensor "conv1_W"`: how errors name them.
std::string title(const NodeProto &node);
std::string title(const TensorProto &message);

// --- attributes ---

AttributeProto &add_attribute(NodeProto &node, const std::string &name, std::int64_t value);
AttributeProto &add_attribute(NodeProto &node, const std::string &name, float value);
AttributeProto &add_attribute(NodeProto &node, const std::string &name, const std::string &value);
AttributeProto &add_attribute(NodeProto &node, const std::string &name, const Ints &values);
AttributeProto &add_attribute(NodeProto &node, const std::string &name, const Floats &values);
AttributeProto &add_attribute(NodeProto &node, const std::string &name, const std::vector<std::string> &values);

// nullptr if the node has no such attribute.
const AttributeProto *find_attribute(const NodeProto &node, const std::string &name);
// The attribute's value, `otherwise` if it is not there; an attribute of another type is refused.
std::int64_t get_int(const NodeProto &node, const std::string &name, std::int64_t otherwise);
float get_float(const NodeProto &node, const std::string &name, float otherwise);
std::string get_string(const NodeProto &node, const std::string &name, const std::string &otherwise);
Ints get_ints(const NodeProto &node, const std::string &name, const Ints &otherwise = {});
Floats get_floats(const NodeProto &node, const std::string &name, const Floats &otherwise = {});
std::vector<std::string> get_strings(const NodeProto &node, const std::string &name,
                                     const std::vector<std::string> &otherwise = {});

// --- tensors ---

// The product of non-negative dimensions; negative ones, and a product beyond `limit`, are refused.
std::int64_t count(const Ints &dims, const std::string &what, std::int64_t limit = 1LL << 31);

// Fill an empty message. Data goes into raw_data, little-endian, as ONNX has it.
void write_tensor(TensorProto &message, const std::string &name, const Ints &dims, const float *values);
void write_tensor(TensorProto &message, const std::string &name, const Ints &dims, const Ints &values);
// `tensor` in its own shape, or in `dims` of as many elements.
void write_tensor(TensorProto &message, const std::string &name, const Tensor &tensor);
void write_tensor(TensorProto &message, const std::string &name, const Tensor &tensor, const Ints &dims);

// Shape and values, after checking that they agree. Floating, integer and boolean types are converted; values that lie
// in another file, and types that are not numbers, are refused.
Ints dims_of(const TensorProto &message);
Floats read_floats(const TensorProto &message);
Ints read_ints(const TensorProto &message);
std::unique_ptr<Tensor> read_tensor(const TensorProto &message);

// --- inputs and outputs of a graph ---

// A float tensor of this shape; dimensions of -1 are free: the first is the batch, a second one has the name given,
// which stands for one length throughout the graph.
void write_value_info(ValueInfoProto &message, const std::string &name, const Ints &dims,
                      const std::string &second_free = "sequence");
// Its dimensions, -1 for free ones; no dimensions if the message gives no shape.
Ints dims_of(const ValueInfoProto &message);

}  // namespace eddl::onnx_io
