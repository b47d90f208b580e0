#include "plan_applier_tensors.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/recurrent/layer_recurrent.h"
#include "eddl_prune/adapter/plan_applier.h"
#include "eddl_prune/kernels/channels.h"
#include "eddl_prune/kernels/elementwise.h"

namespace eddl_prune::adapter {

namespace {

std::atomic<int> steps_until_failure{0};

void set_shape(Tensor& tensor, const std::vector<int>& shape) {
    tensor.updateShape(shape);
    tensor.updateSize();
    tensor.updateStrides();
}

// EDDL's second view of the data. The flag must be given, its default would make the data foreign.
void refresh_view(Tensor& tensor) { tensor.updateData(tensor.ptr, nullptr, tensor.isshared); }

}  // namespace

void fail_after(int n) { steps_until_failure = n; }

void checkpoint() {
    if (steps_until_failure > 0 && --steps_until_failure == 0) throw std::runtime_error("injected failure");
}

void release_pages([[maybe_unused]] float* begin, [[maybe_unused]] float* end) noexcept {
#if defined(__linux__)
    static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const std::uintptr_t first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
    const std::uintptr_t last = reinterpret_cast<std::uintptr_t>(end) / page * page;
    if (first < last) static_cast<void>(madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED));
#endif
}

std::vector<int> kept_shape(const Tensor& tensor, const KeptEntries& kept) {
    std::vector<int> shape = tensor.shape;
    shape.at(0) = static_cast<int>(kept.first->size());
    if (kept.second != nullptr) shape.at(1) = static_cast<int>(kept.second->size() / kept.kept_groups);
    return shape;
}

void compact(Tensor& tensor, const KeptEntries& kept) noexcept {
    // Nothing to move; and gradients and moments that no training has touched yet take no memory until they are
    // written.
    if (kernels::is_all_zero_bits(tensor.ptr, tensor.size)) return;
    const auto rows = static_cast<std::size_t>(tensor.shape[0]);
    kernels::BlockShape shape{rows, 1, tensor.size / rows, kept.groups};
    kernels::KeptBlocks blocks{kept.first->data(), kept.first->size(), nullptr, 0, kept.kept_groups};
    if (kept.second != nullptr) {
        shape.columns = static_cast<std::size_t>(tensor.shape[1]) * kept.groups;
        shape.inner /= static_cast<std::size_t>(tensor.shape[1]);
        blocks.columns = kept.second->data();
        blocks.n_columns = kept.second->size();
    }
    kernels::compact(tensor.ptr, shape, blocks);
}

void shrink(Tensor& tensor, const std::vector<int>& shape) noexcept {
    const std::size_t size_before = tensor.size;
    set_shape(tensor, shape);
    if (!tensor.isshared && tensor.size < size_before) {
        release_pages(tensor.ptr + tensor.size, tensor.ptr + size_before);
        // Both engines allocate by posix_memalign and release by free, between which realloc may come.
        if (void* data = std::realloc(tensor.ptr, tensor.size * sizeof(float))) tensor.ptr = static_cast<float*>(data);
    }
    refresh_view(tensor);
}

void exchange(Tensor& tensor, Tensor& fresh) noexcept {
    set_shape(tensor, fresh.shape);
    std::swap(tensor.ptr, fresh.ptr);
    std::swap(tensor.isshared, fresh.isshared);
    refresh_view(tensor);
}

void reshape_alias(Tensor& tensor, const std::vector<int>& shape, float* data) {
    set_shape(tensor, shape);
    tensor.updateData(data);
}

void free_deltas(const std::vector<Layer*>& layers) noexcept {
    const auto frees = [](const Layer& layer) {
#if !defined(EDDL_EMBEDDED_ENGINE)
        // EDDL makes it with the layer, and deletes it once more with that.
        if (dynamic_cast<const LCopyStates*>(&layer) != nullptr) return false;
#endif
        // EDDL's LInput copies its delta to where nets are chained, so it is never without one.
        return layer.delta != nullptr && dynamic_cast<const LInput*>(&layer) == nullptr;
    };
    // Children first: a reshape's delta lies in its parent's.
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)
        if (frees(**layer)) (*layer)->free_delta();
}

}  // namespace eddl_prune::adapter
