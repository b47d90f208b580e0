#include "serialization/onnx/messages.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "errors.h"

namespace eddl::onnx_io {

static_assert(std::numeric_limits<float>::is_iec559, "ONNX' raw data is IEEE floats");
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "ONNX' raw data is little-endian; big-endian machines are not supported"
#endif

namespace {

constexpr const char *ONNX = "ONNX";

AttributeProto &new_attribute(NodeProto &node, const std::string &name, AttributeProto::AttributeType type) {
    AttributeProto &attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(type);
    return attribute;
}

// The attribute if it is there and of this type.
const AttributeProto *find_typed(const NodeProto &node, const std::string &name, AttributeProto::AttributeType type) {
    const AttributeProto *attribute = find_attribute(node, name);
    // Files of ONNX' first version leave the type out.
    if (attribute && attribute->type() != type && attribute->type() != AttributeProto::UNDEFINED) {
        failed(ONNX, title(node), ": attribute ", name, " is ", AttributeProto::AttributeType_Name(attribute->type()),
               ", expected ", AttributeProto::AttributeType_Name(type));
    }
    return attribute;
}

float float_of_half(std::uint16_t half) {
    const int exponent = (half >> 10) & 0x1f;
    const int mantissa = half & 0x3ff;
    float value;
    if (exponent == 0) {
        value = std::ldexp(static_cast<float>(mantissa), -24);
    } else if (exponent < 31) {
        value = std::ldexp(static_cast<float>(mantissa + 0x400), exponent - 25);
    } else {
        value = mantissa ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    }
    return half & 0x8000 ? -value : value;
}

float float_of_bfloat(std::uint16_t bfloat) {
    const std::uint32_t bits = static_cast<std::uint32_t>(bfloat) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

template <typename To, typename From>
To converted(From value, const TensorProto &message) {
    if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
        // The limits themselves are powers of two, hence exact; NaN fails both comparisons.
        if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) {
            failed(ONNX, title(message), ": value ", value, " where an integer is expected");
        }
    }
    return static_cast<To>(value);
}

// Values of type Raw, from raw_data if it is there, else from the field that ONNX has for the type.
template <typename To, typename Raw, typename Field, typename Convert>
std::vector<To> values_of(const TensorProto &message, const Field &field, Convert convert) {
    const std::string &raw = message.raw_data();
    const std::size_t stored = raw.empty() ? static_cast<std::size_t>(field.size()) : raw.size() / sizeof(Raw);
    const std::int64_t expected = count(dims_of(message), title(message));
    if (raw.size() % sizeof(Raw) != 0 || stored != static_cast<std::size_t>(expected)) {
        failed(ONNX, title(message), " of shape ", to_text(dims_of(message)), " holds ",
               raw.empty() ? std::to_string(stored) + " values" : std::to_string(raw.size()) + " bytes");
    }
    std::vector<To> result(stored);
    for (std::size_t i = 0; i < stored; ++i) {
        Raw value;
        if (raw.empty()) {
            value = static_cast<Raw>(field[static_cast<int>(i)]);
        } else {
            std::memcpy(&value, raw.data() + i * sizeof(Raw), sizeof(Raw));
        }
        result[i] = converted<To>(convert(value), message);
    }
    return result;
}

template <typename To>
std::vector<To> read_values(const TensorProto &message) {
    if (message.data_location() == TensorProto::EXTERNAL) {
        failed(ONNX, title(message), ": values in another file are not supported");
    }
    if (message.has_segment()) failed(ONNX, title(message), ": values in segments are not supported");
    const auto same = [](auto value) { return value; };
    switch (message.data_type()) {
        case TensorProto::FLOAT: return values_of<To, float>(message, message.float_data(), same);
        case TensorProto::DOUBLE: return values_of<To, double>(message, message.double_data(), same);
        case TensorProto::INT64: return values_of<To, std::int64_t>(message, message.int64_data(), same);
        case TensorProto::INT32: return values_of<To, std::int32_t>(message, message.int32_data(), same);
        case TensorProto::INT16: return values_of<To, std::int16_t>(message, message.int32_data(), same);
        case TensorProto::INT8: return values_of<To, std::int8_t>(message, message.int32_data(), same);
        case TensorProto::UINT64: return values_of<To, std::uint64_t>(message, message.uint64_data(), same);
        case TensorProto::UINT32: return values_of<To, std::uint32_t>(message, message.uint64_data(), same);
        case TensorProto::UINT16: return values_of<To, std::uint16_t>(message, message.int32_data(), same);
        case TensorProto::UINT8:
        case TensorProto::BOOL: return values_of<To, std::uint8_t>(message, message.int32_data(), same);
        case TensorProto::FLOAT16:
            return values_of<To, std::uint16_t>(message, message.int32_data(), float_of_half);
        case TensorProto::BFLOAT16:
            return values_of<To, std::uint16_t>(message, message.int32_data(), float_of_bfloat);
        default: {
            const bool known = TensorProto::DataType_IsValid(message.data_type());
            failed(ONNX, title(message), ": elements of type ",
                   known ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(message.data_type()))
                         : std::to_string(message.data_type()), " are not supported");
        }
    }
}

template <typename T>
void write_raw(TensorProto &message, const std::string &name, const Ints &dims, TensorProto::DataType type,
               const T *values) {
    message.set_name(name);
    message.set_data_type(type);
    message.mutable_dims()->Assign(dims.begin(), dims.end());
    const auto bytes = static_cast<std::size_t>(count(dims, title(message))) * sizeof(T);
    // A message larger than 2 GB cannot be written; leave room for the rest of it.
    if (bytes > (std::size_t{1} << 31) - (1 << 16)) failed(ONNX, title(message), " is too large for an ONNX file");
    if (bytes > 0) message.set_raw_data(values, bytes);
}

}  // namespace

std::string title(const NodeProto &node) {
    const bool unnamed = node.name().empty() && node.output_size() > 0;
    return node.op_type() + " \"" + (unnamed ? node.output(0) : node.name()) + '"';
}

std::string title(const TensorProto &message) { return "tensor \"" + message.name() + '"'; }

// --- attributes ---

AttributeProto &add_attribute(NodeProto &node, const std::string &name, std::int64_t value) {
    AttributeProto &attribute = new_attribute(node, name, AttributeProto::INT);
    attribute.set_i(value);
    return attribute;
}

AttributeProto &add_attribute(NodeProto &node, const std::string &name, float value) {
    AttributeProto &attribute = new_attribute(node, name, AttributeProto::FLOAT);
    attribute.set_f(value);
    return attribute;
}

AttributeProto &add_attribute(NodeProto &node, const std::string &name, const std::string &value) {
    AttributeProto &attribute = new_attribute(node, name, AttributeProto::STRING);
    attribute.set_s(value);
    return attribute;
}

AttributeProto &add_attribute(NodeProto &node, const std::string &name, const Ints &values) {
    AttributeProto &attribute = new_attribute(node, name, AttributeProto::INTS);
    attribute.mutable_ints()->Assign(values.begin(), values.end());
    return attribute;
}

AttributeProto &add_attribute(NodeProto &node, const std::string &name, const Floats &values) {
    AttributeProto &attribute = new_attribute(node, name, AttributeProto::FLOATS);
    attribute.mutable_floats()->Assign(values.begin(), values.end());
    return attribute;
}

AttributeProto &add_attribute(NodeProto &node, const std::string &name, const std::vector<std::string> &values) {
    AttributeProto &attribute = new_attribute(node, name, AttributeProto::STRINGS);
    for (const std::string &value : values) attribute.add_strings(value);
    return attribute;
}

const AttributeProto *find_attribute(const NodeProto &node, const std::string &name) {
    for (const AttributeProto &attribute : node.attribute()) {
        if (attribute.name() == name) return &attribute;
    }
    return nullptr;
}

std::int64_t get_int(const NodeProto &node, const std::string &name, std::int64_t otherwise) {
    const AttributeProto *attribute = find_typed(node, name, AttributeProto::INT);
    return attribute ? attribute->i() : otherwise;
}

float get_float(const NodeProto &node, const std::string &name, float otherwise) {
    const AttributeProto *attribute = find_typed(node, name, AttributeProto::FLOAT);
    return attribute ? attribute->f() : otherwise;
}

std::string get_string(const NodeProto &node, const std::string &name, const std::string &otherwise) {
    const AttributeProto *attribute = find_typed(node, name, AttributeProto::STRING);
    return attribute ? attribute->s() : otherwise;
}

Ints get_ints(const NodeProto &node, const std::string &name, const Ints &otherwise) {
    const AttributeProto *attribute = find_typed(node, name, AttributeProto::INTS);
    return attribute ? Ints(attribute->ints().begin(), attribute->ints().end()) : otherwise;
}

Floats get_floats(const NodeProto &node, const std::string &name, const Floats &otherwise) {
    const AttributeProto *attribute = find_typed(node, name, AttributeProto::FLOATS);
    return attribute ? Floats(attribute->floats().begin(), attribute->floats().end()) : otherwise;
}

std::vector<std::string> get_strings(const NodeProto &node, const std::string &name,
                                     const std::vector<std::string> &otherwise) {
    const AttributeProto *attribute = find_typed(node, name, AttributeProto::STRINGS);
    return attribute ? std::vector<std::string>(attribute->strings().begin(), attribute->strings().end()) : otherwise;
}

// --- tensors ---

std::int64_t count(const Ints &dims, const std::string &what, std::int64_t limit) {
    std::int64_t product = 1;
    for (const std::int64_t dim : dims) {
        if (dim < 0) failed(ONNX, what, ": negative dimension in shape ", to_text(dims));
        // A dimension of 0 ends the sum, whatever follows.
        if (dim != 0 && product > limit / dim) failed(ONNX, what, ": shape ", to_text(dims), " is too large");
        product *= dim;
    }
    return product;
}

void write_tensor(TensorProto &message, const std::string &name, const Ints &dims, const float *values) {
    write_raw(message, name, dims, TensorProto::FLOAT, values);
}

void write_tensor(TensorProto &message, const std::string &name, const Ints &dims, const Ints &values) {
    if (count(dims, name) != static_cast<std::int64_t>(values.size())) {
        invalid(ONNX, name, ": ", values.size(), " values for shape ", to_text(dims));
    }
    write_raw(message, name, dims, TensorProto::INT64, values.data());
}

void write_tensor(TensorProto &message, const std::string &name, const Tensor &tensor) {
    write_tensor(message, name, tensor, Ints(tensor.shape.begin(), tensor.shape.end()));
}

void write_tensor(TensorProto &message, const std::string &name, const Tensor &tensor, const Ints &dims) {
    if (count(dims, name) != static_cast<std::int64_t>(tensor.size)) {
        invalid(ONNX, name, ": a tensor of shape ", tensor.shape, " as shape ", to_text(dims));
    }
    write_raw(message, name, dims, TensorProto::FLOAT, tensor.ptr);
}

Ints dims_of(const TensorProto &message) { return Ints(message.dims().begin(), message.dims().end()); }

Floats read_floats(const TensorProto &message) { return read_values<float>(message); }

Ints read_ints(const TensorProto &message) { return read_values<std::int64_t>(message); }

std::unique_ptr<Tensor> read_tensor(const TensorProto &message) {
    const Floats values = read_floats(message);
    std::vector<int> shape(message.dims().begin(), message.dims().end());
    if (shape.empty()) shape.push_back(1);  // a number: the engine has no tensors without dimensions
    return std::make_unique<Tensor>(values, shape);
}

// --- inputs and outputs of a graph ---

void write_value_info(ValueInfoProto &message, const std::string &name, const Ints &dims,
                      const std::string &second_free) {
    message.set_name(name);
    auto &type = *message.mutable_type()->mutable_tensor_type();
    type.set_elem_type(TensorProto::FLOAT);
    auto &shape = *type.mutable_shape();
    std::string free_name = "batch";
    for (const std::int64_t dim : dims) {
        if (dim < 0) {
            shape.add_dim()->set_dim_param(free_name);
            free_name = second_free;
        } else {
            shape.add_dim()->set_dim_value(dim);
        }
    }
}

Ints dims_of(const ValueInfoProto &message) {
    Ints dims;
    for (const auto &dim : message.type().tensor_type().shape().dim()) {
        dims.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : -1);
    }
    return dims;
}

}  // namespace eddl::onnx_io
