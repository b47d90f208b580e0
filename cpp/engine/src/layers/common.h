// What the layers' sources share: names, checks, sharing of parameters, element-wise loops.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddl/layers/layer.h"
#include "eddl/tensor/tensor.h"
#include "errors.h"
#include "parallel.h"

namespace eddl {

constexpr int LOW_MEMORY = 2;  // the mem_level that trades speed for memory

// Gives an unnamed layer the name `prefix` and the next number of its class.
inline void name_layer(Layer& layer, const std::string& given, const std::string& prefix, int& counter) {
    if (given.empty()) layer.name = prefix + std::to_string(++counter);
}

// For constructors' initialiser lists: the parent, which must be there and have an output.
Layer& checked_parent(const char* function, Layer* parent);

// std::invalid_argument unless the tensor has `ndim` dimensions, batch included.
void expect_ndim(const std::string& function, const Tensor& input, unsigned int ndim);

// std::invalid_argument unless there are parents, and all of one shape.
void expect_same_shapes(const char* function, const std::vector<Layer*>& parents);

// Registers the finished layer. Last step of a constructor, so that a refused layer leaves no trace in the graph.
void join_graph(Layer& layer, const std::vector<Layer*>& parents);

// Whether a tensor can become parameter `i` of a layer, and the step itself. Its shape must be the parameter's, but for
// the statistics that layer normalisation has among its parameters: those are of the last batch, whatever its size.
bool fits_parameter(Layer& layer, std::size_t i, const Tensor& given);
void set_parameter(Layer& layer, std::size_t i, Tensor& given);

void adopt_rules(Layer& copy, Layer& original);
void borrow_parameters(Layer& copy, const Layer& original);

// Checks before the loops run over raw memory: forward needs a batch of the input's size, backward needs this layer's
// and the parents' deltas.
void expect_forward(const Layer& layer);
void expect_backward(const Layer& layer);

// For clone(): a layer of the same class made from the given parents and arguments. It takes the original's regulariser
// and initialiser, which stays their owner.
template <typename L, typename Parents, typename... Arguments>
L* make_clone(L& original, int device, const Parents& parents, const Arguments&... arguments) {
    auto* copy = new L(parents, arguments..., original.name, device, original.mem_level);
    adopt_rules(*copy, original);
    return copy;
}
// For share(): a clone with EDDL's name for it, and the original's parameters and gradients instead of its own.
template <typename L>
L* make_shared_copy(L& original, int number, int batch, const std::vector<Layer*>& parents) {
    auto* copy = static_cast<L*>(original.clone(number, batch, parents, original.dev));
    copy->name = "share_" + std::to_string(number) + original.name;
    borrow_parameters(*copy, original);
    return copy;
}

// A layer's name in graphviz' language.
std::string graph_id(const std::string& name);

// A line of graphviz: `c` selects the colour for layers that several nets use.
std::string graph_node(const std::string& name, int c, const char* color_shared, const char* color,
                       const char* shape = "box");

// The loop of transform, on one thread: a function of its own, so that all it reads is in registers. The compiler is
// told that iterations are independent: dst may be one of the sources, but not overlap it otherwise.
template <typename F, typename... Src>
void transform_range(float* dst, std::ptrdiff_t begin, std::ptrdiff_t end, F f, const Src*... src) {
#pragma omp simd
    for (std::ptrdiff_t i = begin; i < end; ++i) dst[i] = f(src[i]...);
}

// dst[i] = f(src[i]...)
template <typename F, typename... Src>
void transform(Tensor& dst, F f, const Src&... src) {
    const auto size = static_cast<std::ptrdiff_t>(dst.size);
    constexpr std::ptrdiff_t BLOCK = PARALLEL_THRESHOLD / 4;
    parallel_for((size + BLOCK - 1) / BLOCK, [&](std::ptrdiff_t block) {
        transform_range(dst.ptr, block * BLOCK, std::min(size, (block + 1) * BLOCK), f, src.ptr...);
    }, BLOCK);
}

// dst[i] += f(src[i]...)
template <typename F, typename... Src>
void accumulate(Tensor& dst, F f, const Src&... src) {
    transform(dst, [f](float old, auto... values) { return old + f(values...); }, dst, src...);
}

}  // namespace eddl
