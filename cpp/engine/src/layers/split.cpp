#include <memory>

#include "eddl/layers/core/layer_core.h"
#include "layers/common.h"

using namespace eddl;

int LSplit::total_layers = 0;

namespace {

// The position of the axis in the tensor's shape; `axis` does not count the batch.
int checked_axis(const Tensor& input, int axis) {
    const int last = static_cast<int>(input.ndim) - 1;
    if (last < 1 || axis < -1 || axis >= last) {
        invalid("Split", "expected an axis from 0 to ", last - 1, " (batch not counted) or -1, received ", axis);
    }
    return axis == -1 ? last : axis + 1;
}

void check_indexes(const std::vector<int>& indexes, int extent) {
    int previous = 0;
    for (const int index : indexes) {
        if (index <= previous || index >= extent) previous = extent;  // nothing fits behind it
        else previous = index;
    }
    if (indexes.empty() || previous == extent) {
        invalid("Split", "expected rising indexes above 0 and below ", extent, ", received ", indexes);
    }
}

}  // namespace

LSplit::LSplit(Layer* parent, std::vector<int> indexes, int axis, bool merge_sublayers, std::string name, int dev,
               int mem)
    : LinLayer(name, dev, mem), indexes(indexes), axis(axis), merge_sublayers(merge_sublayers) {
    input = checked_parent("Split", parent).output;
    const auto position = static_cast<std::size_t>(checked_axis(*input, axis));
    check_indexes(indexes, input->shape[position]);
    name_layer(*this, name, "split_", total_layers);

    std::vector<std::unique_ptr<Layer>> parts;
    std::vector<std::string> ranges(input->ndim - 1, ":");
    for (std::size_t i = 0; i <= indexes.size(); ++i) {
        const std::string first = i == 0 ? "" : std::to_string(indexes[i - 1]);
        const std::string end = i == indexes.size() ? "" : std::to_string(indexes[i]);
        ranges[position - 1] = first + ":" + end;
        const std::string suffix = merge_sublayers ? "" : "_" + std::to_string(i + 1);
        parts.push_back(std::make_unique<LSelect>(parent, ranges, this->name + suffix, dev, mem));
    }
    for (auto& part : parts) split_layers.push_back(part.release());
}

void LSplit::forward() {}

void LSplit::backward() {}

Layer* LSplit::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }

Layer* LSplit::clone(int, int, std::vector<Layer*> p, int todev) {
    return make_clone(*this, todev, p.at(0), indexes, axis, merge_sublayers);
}

std::string LSplit::plot(int c) { return graph_node(name, c, "gray", "White"); }
