// Layers that several operators are put together from. `sample` shapes and axes leave the batch out. Each returns its
// input as it is where there is nothing to do.
#pragma once

#include <string>
#include <vector>

#include "serialization/onnx/import/translation.h"

namespace eddl::onnx_io {

// The number that all elements have, if there is one: what layers take as a scalar.
bool is_uniform(const Constant& constant, float& number);

// The axis of a sample that a node means; one in front of it (the batch, say) is refused.
std::size_t sample_axis(const Node& node, std::int64_t axis, const Value& x);

// `parameter` gets `values`, whose number must fit.
void fill(const Node& node, Tensor& parameter, const Floats& values);

Value view(Translation& t, const Node& node, const Value& x, const Ints& sample, const std::string& part);
Value permute(Translation& t, const Node& node, const Value& x, const std::vector<int>& axes, const std::string& part);
// x with axes of 1 repeated so as to have shape `sample`, of the same rank.
Value spread(Translation& t, const Node& node, const Value& x, const Ints& sample, const std::string& part);
// A constant as a layer that repeats it for every sample. Its shape, seen with ONNX' rules of broadcasting by a layer
// with `rank` dimensions (batch not counted), must be 1 along the batch.
Value constant_layer(Translation& t, const Node& node, const Constant& constant, std::size_t rank,
                     const std::string& part);
// The shape of a constant beside a layer with `rank` dimensions: as above.
Ints constant_sample(const Node& node, const Constant& constant, std::size_t rank);
// The shape of two that are broadcast to each other; both have the same rank.
Ints joined(const Node& node, const Ints& a, const Ints& b);

// Elements begin to end - 1 of an axis.
Value range(Translation& t, const Node& node, const Value& x, std::size_t axis, std::int64_t begin, std::int64_t end,
            const std::string& part);
// The elements of an axis that `indices` name, in their order.
Value pick(Translation& t, const Node& node, const Value& x, std::size_t axis, const Ints& indices,
           const std::string& part);

// A linear map along one axis, [in, out] row by row, that training leaves alone.
struct LinearMap {
    std::int64_t in = 0, out = 0;
    Floats weights;

    LinearMap(std::int64_t in, std::int64_t out) : in(in), out(out) {}
    void allocate(Translation& t, const Node& node);  // makes the weights, all zero, once the size is known to be sane
    float& at(std::int64_t i, std::int64_t o) { return weights[static_cast<std::size_t>(i * out + o)]; }
};
Value apply(Translation& t, const Node& node, const Value& x, std::size_t axis, const LinearMap& map,
            const std::string& part);

// x · scale + shift along `axis` 0, the channels, as trainable parameters.
Value scale_channels(Translation& t, const Node& node, const Value& x, const Floats& scale, const Floats& shift,
                     const std::string& part);

// x · factor + summand.
Value scale_by(Translation& t, const Node& node, const Value& x, float factor, float summand, const std::string& part);

// Dense with these weights, [in, out], over the last axis; no bias where there are no values for it.
Value dense(Translation& t, const Node& node, const Value& x, const Floats& weights, const Floats& bias,
            std::int64_t outputs, const std::string& part);

}  // namespace eddl::onnx_io
