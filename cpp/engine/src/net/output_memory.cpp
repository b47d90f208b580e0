#include "net/output_memory.h"

#include <algorithm>
#include <unordered_map>

#include "eddl/layers/core/layer_core.h"
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

// An identity, whose output lies in the memory of its parent's.
bool is_identity(const Layer &layer) { return dynamic_cast<const LBypass *>(&layer) != nullptr; }

// A layer and the identities on it, and who else reads them.
struct Sharing {
    vlayer layers, readers;

    explicit Sharing(Layer *owner) : layers{owner} {
        for (std::size_t i = 0; i < layers.size(); ++i)
            for (Layer *reader : layers[i]->child) (is_identity(*reader) ? layers : readers).push_back(reader);
    }
};

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
        const Sharing sharing(l);
        std::size_t last = position[l];
        const auto comes_by_then = [&](const Layer *user) {
            const auto found = position.find(user);
            if (found == position.end()) return false;  // another net may read it at any time
            last = std::max(last, found->second);
            return true;
        };
        const auto passes = [&](const Layer *reader) {
            const auto reads = backward_reads(*reader);
            return reads && !(trains && reads->input) && comes_by_then(reader);
        };
        const auto is_hidden = [&](const Layer *owner) {
            return std::find(net.lout.begin(), net.lout.end(), owner) == net.lout.end() && comes_by_then(owner);
        };
        if (std::all_of(sharing.layers.begin(), sharing.layers.end(), is_hidden) &&
            std::all_of(sharing.readers.begin(), sharing.readers.end(), passes))
            released_after_[last].insert(released_after_[last].end(), sharing.layers.begin(), sharing.layers.end());
    }
}

void OutputMemory::after_forward(std::size_t position) const {
    if (released_after_.empty()) return;
    for (Layer *layer : released_after_[position]) {
        if (is_identity(*layer))
            layer->resize(0);  // its tensor, if it has one of its own, follows the owner's
        else
            layer->output->resize(0);
    }
}

void OutputMemory::set_batches(int batch) const {
    for (const vlayer &layers : released_after_)
        for (const Layer *layer : layers) set_batch(*layer->output, batch);
}

OutputMemory::Shapes::Shapes(const OutputMemory &memory) : memory_(memory) { memory_.set_batches(memory_.batch_); }

OutputMemory::Shapes::~Shapes() { memory_.set_batches(0); }

}  // namespace eddl
