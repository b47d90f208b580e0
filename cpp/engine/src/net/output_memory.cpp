#include "net/output_memory.h"

#include <algorithm>
#include <unordered_map>

#include "layers/common.h"
#include "layers/memory_needs.h"

namespace eddl {

namespace {

// The shape alone: what memory the tensor has stays as it is.
void set_batch(Tensor &tensor, int batch) {
    std::vector<int> shape = tensor.shape;
    shape[0] = batch;
    tensor.updateShape(shape);
    tensor.updateSize();
    tensor.updateStrides();
}

}  // namespace

OutputMemory::OutputMemory(const Net &net, bool trains) : batch_(net.batch_size) {
    // Time steps of an unrolled net read one another in more ways than the graph shows.
    const bool unrolled = std::any_of(net.layers.begin(), net.layers.end(), [](const Layer *l) { return l->sorig; });
    if (net.mem_level < LOW_MEMORY || net.isrecurrent || unrolled) return;
    released_after_.resize(net.vfts.size());
    std::unordered_map<const Layer *, std::size_t> position;
    for (std::size_t i = 0; i < net.vfts.size(); ++i) position[net.vfts[i]] = i;

    for (Layer *l : net.vfts) {
        const auto own = backward_reads(*l);
        if (!own || (trains && own->output)) continue;
        if (std::find(net.lout.begin(), net.lout.end(), l) != net.lout.end()) continue;
        std::size_t last = position[l];
        const bool passes = std::all_of(l->child.begin(), l->child.end(), [&](const Layer *reader) {
            const auto reads = backward_reads(*reader);
            const auto found = position.find(reader);  // another net may read it at any time
            if (!reads || (trains && reads->input) || found == position.end()) return false;
            last = std::max(last, found->second);
            return true;
        });
        if (passes) released_after_[last].push_back(l->output);
    }
}

void OutputMemory::after_forward(std::size_t position) const {
    if (released_after_.empty()) return;
    for (Tensor *output : released_after_[position]) output->resize(0);
}

OutputMemory::Shapes::Shapes(const OutputMemory &memory) : memory_(memory) {
    for (const vtensor &outputs : memory_.released_after_)
        for (Tensor *output : outputs) set_batch(*output, memory_.batch_);
}

OutputMemory::Shapes::~Shapes() {
    for (const vtensor &outputs : memory_.released_after_)
        for (Tensor *output : outputs) set_batch(*output, 0);
}

}  // namespace eddl
