#include "uneven_sum.h"

#include "layer_replacement.h"

namespace eddl_prune::adapter {

UnevenSum::UnevenSum(Layer& sum, std::size_t parents) : ChannelSum(sum.name, sum.dev, sum.mem_level) {
    copy_place(sum, *this, parents);
}

UnevenSum::~UnevenSum() {
    if (replaced_ != nullptr)
        retire(replaced_);
    else if (output == nullptr)
        parent.clear();  // never in a net: they do not know of this layer
}

void UnevenSum::replace(Net& net, Layer& sum) noexcept {
    take_place(net, sum, *this);
    replaced_ = &sum;
}

}  // namespace eddl_prune::adapter
