// Element-wise functions that need an exponential: oneDNN's are several times faster than the C library's.
#pragma once

#include "onednn/operation.h"

namespace eddl::onednn {

enum class Function { exponential, sigmoid, tanh, elu };

class Elementwise {
public:
    // dst[i] = function(src[i]); alpha is elu's. src may be dst.
    void forward(Function function, float alpha, std::size_t size, const float* src, float* dst);

private:
    struct Key {
        Function function;
        float alpha;
        std::size_t size;
        bool operator==(const Key& other) const {
            return function == other.function && alpha == other.alpha && size == other.size;
        }
    };
    static Operation make(const Key& key);

    Cached<Key, Operation> forward_;
};

}  // namespace eddl::onednn
