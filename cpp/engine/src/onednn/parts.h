// Running a layer that treats samples alone on parts of its batch, so that less of it is in scratch memory at a time.
#pragma once

#include <cstddef>

namespace eddl::onednn {

// Calls run(shape of the part, first sample) for equal parts of the batch: one, unless shape.save_memory. `sample_size`
// is the number of elements that one sample may have in scratch memory.
template <typename Shape, typename Run>
void in_parts(const Shape& shape, std::ptrdiff_t sample_size, Run run) {
    constexpr std::ptrdiff_t PART_SIZE = 1 << 19;  // elements
    Shape part = shape;
    if (shape.save_memory) {
        while (part.batch > 1 && (part.batch * sample_size > PART_SIZE || shape.batch % part.batch != 0)) --part.batch;
    }
    for (int first = 0; first < shape.batch; first += part.batch) run(part, first);
}

}  // namespace eddl::onednn
