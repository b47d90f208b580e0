// A contiguous tensor seen along one of its axes, which covers all the layouts we work on:
//   convolution [O, I, kh, kw]: output channels {1, O, I*kh*kw}, input channels {O, I, kh*kw}
//   dense [in, out]:            output channels {in, out, 1},    input channels {1, in, out}
#pragma once

#include <cstddef>
#include <limits>
#include <stdexcept>

namespace eddl_prune::kernels {

struct AxisShape {
    std::size_t outer = 1;   // product of the extents before the axis
    std::size_t extent = 0;  // of the axis
    std::size_t inner = 1;   // product of the extents after it; element (o, c, i) is at (o*extent + c)*inner + i

    // Number of elements; throws std::length_error where it does not fit.
    std::size_t size() const {
        const auto product = [](std::size_t a, std::size_t b) {
            if (b != 0 && a > std::numeric_limits<std::size_t>::max() / b)
                throw std::length_error("AxisShape: the number of elements overflows");
            return a * b;
        };
        return product(product(outer, extent), inner);
    }
};

// Below this many elements a parallel region costs more than it saves.
inline constexpr std::size_t parallel_grain = std::size_t{1} << 15;

}  // namespace eddl_prune::kernels
