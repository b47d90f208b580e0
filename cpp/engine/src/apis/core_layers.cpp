// Embedding, noise, sources, and what repeats, cuts or chooses elements.
#include "apis/make.h"
#include "eddl/apis/eddl.h"

namespace eddl {

namespace {

constexpr unsigned int LAST_AXIS = static_cast<unsigned int>(-1);

// The axis as the layer counts it, with the batch.
unsigned int counting_batch(const char *function, layer parent, unsigned int axis) {
    const unsigned int ndim = the(parent, function).output->ndim;
    if (axis == LAST_AXIS) return ndim - 1;
    if (axis + 1 >= ndim)
        invalid(function, "expected an axis below ", ndim - 1, " (batch not counted) or -1, received ", axis);
    return axis + 1;
}

}  // namespace

layer Embedding(layer parent, int vocsize, int length, int output_dim, bool mask_zeros, std::string name) {
    return make<LEmbedding>(parent, vocsize, length, output_dim, mask_zeros, name);
}

layer GaussianNoise(layer parent, float stddev, std::string name) {
    return make<LGaussianNoise>(parent, stddev, name);
}

layer Repeat(layer parent, const std::vector<unsigned int> &repeats, unsigned int axis, std::string name) {
    return make<LRepeat>(parent, repeats, counting_batch("Repeat", parent, axis), name);
}

layer Repeat(layer parent, unsigned int repeats, unsigned int axis, std::string name) {
    return make<LRepeat>(parent, repeats, counting_batch("Repeat", parent, axis), name);
}

layer Tile(layer parent, const ints &repeats, std::string name) {
    return make<LTile>(parent, one_sample_of(repeats), name);
}

layer Broadcast(layer parent1, layer parent2, std::string name) { return make<LBroadcast>(parent1, parent2, name); }

layer Bypass(layer parent, std::string bypass_name, std::string name) {
    return make<LBypass>(parent, bypass_name, name);
}

layer Shape(layer parent, bool include_batch, std::string name) { return make<LShape>(parent, include_batch, name); }
layer ConstOfTensor(Tensor *t, std::string name) { return make<LConstOfTensor>(t, name); }

layer Where(layer parent1, layer parent2, layer condition, std::string name) {
    return make<LWhere>(parent1, parent2, condition, name);
}

layer Expand(layer l, int size, std::string name) { return make<LExpand>(l, size, name); }

vlayer Split(layer l, ints indexes, int axis, bool merge_sublayers, std::string name) {
    return LSplit(l, indexes, axis, merge_sublayers, name, DEV_CPU, 0).split_layers;
}

layer GaussGenerator(float mean, float stdev, ints size) { return make<LGauss>(mean, stdev, size, ""); }
layer UniformGenerator(float low, float high, ints size) { return make<LUniform>(low, high, size, ""); }

}  // namespace eddl
