#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"

using namespace eddl;

int LSelect::total_layers = 0;
int LPermute::total_layers = 0;

namespace {

// Shape of one sample.
std::vector<int> sample_shape(const Tensor& tensor) { return {tensor.shape.begin() + 1, tensor.shape.end()}; }

Tensor* make_output(const SelDescriptor& sd, const Tensor& input, int dev) {
    std::vector<int> shape = sd.oshape;
    shape.insert(shape.begin(), input.shape[0]);
    return new Tensor(shape, dev);
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

}  // namespace

#define EDDL_DEFINE_SELECTING(Name, prefix, function, Descriptor, Argument, argument_member)                \
    Name::Name(Layer* parent, Argument argument, std::string name, int dev, int mem)                        \
        : LinLayer(name, dev, mem), sd(nullptr) {                                                           \
        input = checked_parent(function, parent).output;                                                    \
        sd = new Descriptor(argument, dev);                                                                 \
        try {                                                                                               \
            sd->build(sample_shape(*input));                                                                \
        } catch (...) {                                                                                     \
            delete sd;                                                                                      \
            throw;                                                                                          \
        }                                                                                                   \
        name_layer(*this, name, prefix, total_layers);                                                      \
        output = make_output(*sd, *input, dev);                                                             \
        join_graph(*this, {parent});                                                                        \
    }                                                                                                       \
    Name::~Name() { delete sd; }                                                                            \
    void Name::resize(int batch) { LinLayer::resize(batch); }                                               \
    void Name::forward() {                                                                                  \
        expect_forward(*this);                                                                              \
        forward_selected(*sd, *input, *output);                                                             \
    }                                                                                                       \
    void Name::backward() {                                                                                 \
        expect_backward(*this);                                                                             \
        backward_selected(*sd, *parent[0]->delta, *delta);                                                  \
    }                                                                                                       \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }  \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                        \
        return make_clone(*this, todev, p.at(0), sd->argument_member);                                      \
    }                                                                                                       \
    std::string Name::plot(int c) { return graph_node(name, c, "gray", "White"); }

EDDL_DEFINE_SELECTING(LSelect, "select_", "Select", SelDescriptor, std::vector<std::string>, indices)
EDDL_DEFINE_SELECTING(LPermute, "permute_", "Permute", PermuteDescriptor, std::vector<int>, dims)
