#include <algorithm>
#include <memory>

#include "eddl/layers/auxiliar/layer_auxiliar.h"
#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"

using namespace eddl;

namespace {

std::vector<int> without_batch(const std::vector<int>& shape) { return {shape.begin() + 1, shape.end()}; }

std::vector<int> with_batch(int batch, std::vector<int> sample) {
    sample.insert(sample.begin(), batch);
    return sample;
}

Tensor* make_output(const std::vector<int>& sample, const Tensor& input, int dev) {
    return new Tensor(with_batch(input.shape[0], sample), dev);
}

// Calls move(input element, output element) for all elements; the descriptor has the addresses within one sample.
template <typename Move>
void for_each_address(const SelDescriptor& sd, const Tensor& input, const Tensor& output, Move move) {
    const auto samples = static_cast<std::ptrdiff_t>(output.shape[0]);
    const auto in_size = static_cast<std::ptrdiff_t>(input.size) / samples;
    const auto out_size = static_cast<std::ptrdiff_t>(output.size) / samples;
    const int* addresses = sd.cpu_addresses.data();
    parallel_for(samples, [=](std::ptrdiff_t sample) {
        for (std::ptrdiff_t i = 0; i < out_size; ++i) move(sample * in_size + addresses[i], sample * out_size + i);
    }, out_size);
}

void forward_selected(const SelDescriptor& sd, const Tensor& input, Tensor& output) {
    const float* in = input.ptr;
    float* out = output.ptr;
    for_each_address(sd, input, output, [=](std::ptrdiff_t from, std::ptrdiff_t to) { out[to] = in[from]; });
}

void backward_selected(const SelDescriptor& sd, Tensor& parent_delta, const Tensor& delta) {
    float* in = parent_delta.ptr;
    const float* out = delta.ptr;
    for_each_address(sd, parent_delta, delta, [=](std::ptrdiff_t from, std::ptrdiff_t to) { in[from] += out[to]; });
}

// A descriptor for inputs of this shape.
template <typename Descriptor, typename... Arguments>
Descriptor* built(const std::vector<int>& shape, int dev, const Arguments&... arguments) {
    auto descriptor = std::make_unique<Descriptor>(arguments..., dev);
    descriptor->build(shape);
    return descriptor.release();
}

}  // namespace

// All but the constructors of a layer that moves elements as its descriptor says.
#define EDDL_DEFINE_MOVES(Name, descriptor, color_shared)                                                   \
    int Name::total_layers = 0;                                                                             \
    Name::~Name() { delete descriptor; }                                                                    \
    void Name::forward() {                                                                                  \
        expect_forward(*this);                                                                              \
        forward_selected(*descriptor, *input, *output);                                                     \
    }                                                                                                       \
    void Name::backward() {                                                                                 \
        expect_backward(*this);                                                                             \
        backward_selected(*descriptor, *parent[0]->delta, *delta);                                          \
    }                                                                                                       \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }  \
    std::string Name::plot(int c) { return graph_node(name, c, color_shared, "White"); }

// The constructor and clone() of a layer whose descriptor takes one argument and sees one sample. What follows are the
// initialisers of other members.
#define EDDL_DEFINE_SELECTING(Name, prefix, function, Descriptor, Argument, argument_member, ...)           \
    Name::Name(Layer* parent, Argument argument, std::string name, int dev, int mem)                        \
        : LinLayer(name, dev, mem), __VA_ARGS__ sd(nullptr) {                                                        \
        input = checked_parent(function, parent).output;                                                    \
        sd = built<Descriptor>(without_batch(input->shape), dev, argument);                                        \
        name_layer(*this, name, prefix, total_layers);                                                      \
        output = make_output(sd->oshape, *input, dev);                                                      \
        join_graph(*this, {parent});                                                                        \
    }                                                                                                       \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                        \
        return make_clone(*this, todev, p.at(0), sd->argument_member);                                      \
    }

EDDL_DEFINE_MOVES(LSelect, sd, "gray")
EDDL_DEFINE_SELECTING(LSelect, "select_", "Select", SelDescriptor, std::vector<std::string>, indices, )
EDDL_DEFINE_MOVES(LPermute, sd, "gray")
EDDL_DEFINE_SELECTING(LPermute, "permute_", "Permute", PermuteDescriptor, std::vector<int>, dims, )
EDDL_DEFINE_MOVES(LExpand, sd, "bisque4")
EDDL_DEFINE_SELECTING(LExpand, "expand", "Expand", ExpandDescriptor, int, size, size(argument), )
EDDL_DEFINE_MOVES(LRepeat, rd, "bisque4")
EDDL_DEFINE_MOVES(LTile, td, "bisque4")
EDDL_DEFINE_MOVES(LBroadcast, td, "bisque4")

void LSelect::resize(int batch) { LinLayer::resize(batch); }

void LPermute::resize(int batch) { LinLayer::resize(batch); }

// --- repeat and tile: their descriptors see a batch of one ---

namespace {

std::vector<unsigned int> as_often(Layer* parent, unsigned int repeats, unsigned int axis) {
    const std::vector<int>& shape = checked_parent("Repeat", parent).output->shape;
    return std::vector<unsigned int>(axis < shape.size() ? static_cast<std::size_t>(shape[axis]) : 0, repeats);
}

}  // namespace

LRepeat::LRepeat(Layer* parent, const std::vector<unsigned int>& repeats, unsigned int axis, std::string name, int dev,
                 int mem)
    : LinLayer(name, dev, mem), rd(nullptr) {
    const char* const function = "Repeat";
    input = checked_parent(function, parent).output;
    if (axis < 1 || axis >= input->ndim) {
        invalid(function, "expected an axis from 0 to ", static_cast<int>(input->ndim) - 2,
                " (batch not counted), received ", static_cast<int>(axis) - 1);
    }
    const auto extent = static_cast<std::size_t>(input->shape[axis]);
    if (repeats.size() != extent || std::count(repeats.begin(), repeats.end(), 0u) == std::ptrdiff_t(extent)) {
        invalid(function, "expected a number of repeats for each of the ", extent, " indices, not all 0, received ",
                repeats);
    }
    rd = built<RepeatDescriptor>(with_batch(1, without_batch(input->shape)), dev, repeats, axis);
    name_layer(*this, name, "repeat", total_layers);
    output = make_output(without_batch(rd->oshape), *input, dev);
    join_graph(*this, {parent});
}

LRepeat::LRepeat(Layer* parent, unsigned int repeats, unsigned int axis, std::string name, int dev, int mem)
    : LRepeat(parent, as_often(parent, repeats, axis), axis, name, dev, mem) {}

Layer* LRepeat::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), rd->vrepeats, rd->axis);
}

LTile::LTile(Layer* parent, const std::vector<int>& repeats, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem, "tile"), td(nullptr) {
    input = checked_parent("Tile", parent).output;
    if (!repeats.empty() && repeats[0] != 1) invalid("Tile", "expected 1 for the batch, received ", repeats[0]);
    td = built<TileDescriptor>(with_batch(1, without_batch(input->shape)), dev, repeats);
    name_layer(*this, name, "tile", total_layers);
    output = make_output(without_batch(td->oshape), *input, dev);
    join_graph(*this, {parent});
}

Layer* LTile::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), td->vrepeats);
}

// --- broadcast ---

namespace {

// `from` with as many axes as `to`, each of them 1 or that of `to`; empty if there is no such form.
std::vector<int> aligned(const std::vector<int>& from, const std::vector<int>& to) {
    if (from.size() > to.size()) return {};
    std::vector<int> shape(to.size(), 1);
    if (from.size() == 1) {
        const auto same = std::find(to.begin(), to.end(), from[0]);
        if (same != to.end()) {
            shape[static_cast<std::size_t>(same - to.begin())] = from[0];
            return shape;
        }
    }
    std::copy_backward(from.begin(), from.end(), shape.end());
    for (std::size_t d = 0; d < to.size(); ++d) {
        if (shape[d] != 1 && shape[d] != to[d]) return {};
    }
    return shape;
}

std::vector<int> quotients(const std::vector<int>& to, const std::vector<int>& from) {
    std::vector<int> repeats;
    for (std::size_t d = 0; d < to.size(); ++d) repeats.push_back(to[d] / from[d]);
    return repeats;
}

}  // namespace

LBroadcast::LBroadcast(Layer* parent1, Layer* parent2, std::string name, int dev, int mem)
    : LinLayer(name, dev, mem, "broadcast"), td(nullptr), shapes_swapped(false), p1(parent1), p2(parent2) {
    const char* const function = "Broadcast";
    const std::vector<int> first = without_batch(checked_parent(function, parent1).output->shape);
    const std::vector<int> second = without_batch(checked_parent(function, parent2).output->shape);
    std::vector<int> from = aligned(first, second), to = second;
    if (from.empty()) {
        std::swap(p1, p2);
        shapes_swapped = true;
        from = aligned(second, first);
        to = first;
    }
    if (from.empty()) {
        invalid(function, "expected shapes of which one fits into the other, each axis being equal or 1, received ",
                first, " ('", parent1->name, "') and ", second, " ('", parent2->name, "')");
    }
    spread(from, to);
}

LBroadcast::LBroadcast(Layer* parent, const std::vector<int>& from, const std::vector<int>& to, std::string name,
                       int dev, int mem)
    : LinLayer(name, dev, mem, "broadcast"), td(nullptr), shapes_swapped(false), p1(parent), p2(nullptr) {
    spread(from, to);
}

void LBroadcast::spread(const std::vector<int>& from, const std::vector<int>& to) {
    input = p1->output;
    td = built<TileDescriptor>(from, dev, quotients(to, from));
    name_layer(*this, name, "broadcast", total_layers);
    output = make_output(to, *input, dev);
    join_graph(*this, {p1});
}

Layer* LBroadcast::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), td->ishape, td->oshape);
}
