// Reductions of whole tensors and over axes. Sums and products accumulate in double, in blocks of fixed length that are
// combined in order, so a result does not depend on the number of threads.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <vector>

#include "parallel.h"
#include "tensor/reduce.h"
#include "tensor/support.h"

namespace {

constexpr std::ptrdiff_t BLOCK = 4096;

// combine(… combine(fold of block 0, fold of block 1) …); fold(first, last) must be defined on non-empty ranges.
template <typename Fold, typename Combine>
auto in_blocks(std::ptrdiff_t n, Fold fold, Combine combine) {
    if (n <= BLOCK) return fold(std::ptrdiff_t{0}, n);
    std::vector<decltype(fold(n, n))> parts(static_cast<std::size_t>((n + BLOCK - 1) / BLOCK));
    eddl::parallel_for(
        static_cast<std::ptrdiff_t>(parts.size()),
        [&](std::ptrdiff_t block) {
            parts[static_cast<std::size_t>(block)] = fold(block * BLOCK, std::min(n, (block + 1) * BLOCK));
        },
        BLOCK);
    auto result = parts[0];
    for (std::size_t block = 1; block < parts.size(); ++block) result = combine(result, parts[block]);
    return result;
}

template <typename Term>
double total(std::ptrdiff_t n, Term term) {
    return in_blocks(
        n,
        [&](std::ptrdiff_t first, std::ptrdiff_t last) {
            double sum = 0.0;
            for (std::ptrdiff_t i = first; i < last; ++i) sum += term(i);
            return sum;
        },
        [](double a, double b) { return a + b; });
}

// Position of the first element that no other beats; a NaN beats every number, as in NumPy.
template <typename Get, typename Beats>
std::ptrdiff_t best(std::ptrdiff_t n, Get get, Beats beats) {
    const auto better = [&](std::ptrdiff_t challenger, std::ptrdiff_t holder) {
        const float a = get(challenger), b = get(holder);
        if (std::isnan(b)) return false;
        return std::isnan(a) || beats(a, b);
    };
    return in_blocks(
        n,
        [&](std::ptrdiff_t first, std::ptrdiff_t last) {
            std::ptrdiff_t position = first;
            for (std::ptrdiff_t i = first + 1; i < last; ++i) {
                if (better(i, position)) position = i;
            }
            return position;
        },
        [&](std::ptrdiff_t a, std::ptrdiff_t b) { return better(b, a) ? b : a; });
}

// One function object a reduction: n elements, get(i) the i-th. `empty` says whether it is defined on no elements.
struct Argmax {
    static constexpr bool empty = false;
    template <typename Get>
    std::ptrdiff_t operator()(std::ptrdiff_t n, Get get) const {
        return best(n, get, [](float a, float b) { return a > b; });
    }
};

struct Argmin {
    static constexpr bool empty = false;
    template <typename Get>
    std::ptrdiff_t operator()(std::ptrdiff_t n, Get get) const {
        return best(n, get, [](float a, float b) { return a < b; });
    }
};

struct Max {
    static constexpr bool empty = false;
    template <typename Get>
    float operator()(std::ptrdiff_t n, Get get) const { return get(Argmax{}(n, get)); }
};

struct Min {
    static constexpr bool empty = false;
    template <typename Get>
    float operator()(std::ptrdiff_t n, Get get) const { return get(Argmin{}(n, get)); }
};

struct Sum {
    static constexpr bool empty = true;
    template <typename Get>
    double operator()(std::ptrdiff_t n, Get get) const {
        return total(n, [&](std::ptrdiff_t i) { return static_cast<double>(get(i)); });
    }
};

struct SumAbs {
    static constexpr bool empty = true;
    template <typename Get>
    double operator()(std::ptrdiff_t n, Get get) const {
        return total(n, [&](std::ptrdiff_t i) { return std::fabs(static_cast<double>(get(i))); });
    }
};

struct Mean {
    static constexpr bool empty = false;
    template <typename Get>
    double operator()(std::ptrdiff_t n, Get get) const { return Sum{}(n, get) / static_cast<double>(n); }
};

struct Prod {
    static constexpr bool empty = true;
    template <typename Get>
    double operator()(std::ptrdiff_t n, Get get) const {
        return in_blocks(
            n,
            [&](std::ptrdiff_t first, std::ptrdiff_t last) {
                double product = 1.0;
                for (std::ptrdiff_t i = first; i < last; ++i) product *= get(i);
                return product;
            },
            [](double a, double b) { return a * b; });
    }
};

struct Median {
    static constexpr bool empty = false;
    template <typename Get>
    float operator()(std::ptrdiff_t n, Get get) const {
        std::vector<float> values(static_cast<std::size_t>(n));
        for (std::ptrdiff_t i = 0; i < n; ++i) {
            values[static_cast<std::size_t>(i)] = get(i);
            if (std::isnan(get(i))) return get(i);
        }
        const auto middle = values.begin() + n / 2;
        std::nth_element(values.begin(), middle, values.end());
        if (n % 2 == 1) return *middle;
        return 0.5f * (*std::max_element(values.begin(), middle) + *middle);
    }
};

// The most frequent value, of several the smallest; values count as integers.
struct Mode {
    static constexpr bool empty = false;
    template <typename Get>
    int operator()(std::ptrdiff_t n, Get get) const {
        std::map<int, std::ptrdiff_t> counts;
        for (std::ptrdiff_t i = 0; i < n; ++i) {
            // Values beyond int would be undefined behaviour to convert.
            const float bounded = std::min(std::max(get(i), -2147483648.0f), 2147483520.0f);
            ++counts[std::isnan(bounded) ? 0 : static_cast<int>(bounded)];
        }
        const auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
        return std::max_element(counts.begin(), counts.end(), fewer)->first;
    }
};

struct Var {
    static constexpr bool empty = false;
    bool unbiased;
    template <typename Get>
    double operator()(std::ptrdiff_t n, Get get) const {
        const double mean = Mean{}(n, get);
        const double squares = total(n, [&](std::ptrdiff_t i) { return (get(i) - mean) * (get(i) - mean); });
        return squares / static_cast<double>(unbiased ? n - 1 : n);
    }
};

struct Std {
    static constexpr bool empty = false;
    bool unbiased;
    template <typename Get>
    double operator()(std::ptrdiff_t n, Get get) const { return std::sqrt(Var{unbiased}(n, get)); }
};

struct FrobeniusNorm {
    static constexpr bool empty = true;
    template <typename Get>
    double operator()(std::ptrdiff_t n, Get get) const {
        return std::sqrt(total(n, [&](std::ptrdiff_t i) { return static_cast<double>(get(i)) * get(i); }));
    }
};

template <typename Reduction>
auto reduce(const char* function, const Tensor* A, Reduction reduction) {
    eddl::require_given(function, A);
    if (!Reduction::empty) eddl::require_values(function, A);
    const float* a = A->ptr;
    return reduction(static_cast<std::ptrdiff_t>(A->size), [a](std::ptrdiff_t i) { return a[i]; });
}

template <typename Reduction>
void reduce(const char* function, const Tensor* A, Tensor* B, const ReduceDescriptor2* rd, Reduction reduction) {
    eddl::require_given(function, rd);
    eddl::require_shape(function, A, rd->ishape);
    eddl::require_shape(function, B, rd->oshape);
    if (!Reduction::empty) eddl::require_values(function, A);
    const float* a = A->ptr;
    float* b = B->ptr;
    eddl::parallel_for(
        static_cast<std::ptrdiff_t>(rd->index.size()),
        [=](std::ptrdiff_t i) {
            const std::vector<int>& elements = rd->index[static_cast<std::size_t>(i)];
            const int* address = elements.data();
            b[i] = static_cast<float>(reduction(static_cast<std::ptrdiff_t>(elements.size()),
                                                [=](std::ptrdiff_t j) { return a[address[j]]; }));
        },
        rd->size_reduction);
}

// A new tensor with A reduced over `axis`.
template <typename Apply>
Tensor* reduced(const Tensor* A, const std::vector<int>& axis, bool keepdims, Apply apply) {
    ReduceDescriptor2 rd(axis, keepdims, A->device);
    rd.build(A->shape);
    return eddl::make_tensor(rd.oshape, [&](Tensor* result) { apply(result, &rd); });
}

const char* const NORM = "Tensor::norm";

void require_frobenius(const std::string& ord) {
    if (ord != "fro") eddl::invalid(NORM, "order '", ord, "'; there is only 'fro'");
}

// The reduction of each name in operations.h.
struct Reductions {
    Max max;
    Min min;
    Argmax argmax;
    Argmin argmin;
    Sum sum;
    SumAbs sum_abs;
    Prod prod;
    Mean mean;
    Median median;
    Mode mode;
};
const Reductions reductions{};

}  // namespace

double eddl::sum_of(const float* values, std::ptrdiff_t n) {
    return Sum{}(n, [values](std::ptrdiff_t i) { return values[i]; });
}

#define EDDL_DEFINE(name, Result)                                                                                    \
    Result Tensor::name(Tensor* A) {                                                                                 \
        return static_cast<Result>(reduce("Tensor::" #name, A, reductions.name));                                    \
    }                                                                                                                \
    void Tensor::name(Tensor* A, Tensor* B, ReduceDescriptor2* rd) {                                                 \
        reduce("Tensor::" #name, A, B, rd, reductions.name);                                                         \
    }                                                                                                                \
    Result Tensor::name() { return Tensor::name(this); }                                                             \
    Tensor* Tensor::name(vector<int> axis, bool keepdims) {                                                          \
        return reduced(this, axis, keepdims,                                                                         \
                       [this](Tensor* result, ReduceDescriptor2* rd) { Tensor::name(this, result, rd); });           \
    }
EDDL_REDUCTIONS(EDDL_DEFINE)
#undef EDDL_DEFINE

#define EDDL_DEFINE_SPREAD(name, Reduction)                                                                          \
    float Tensor::name(Tensor* A, bool unbiased) {                                                                   \
        return static_cast<float>(reduce("Tensor::" #name, A, Reduction{unbiased}));                                 \
    }                                                                                                                \
    void Tensor::name(Tensor* A, Tensor* B, ReduceDescriptor2* rd, bool unbiased) {                                  \
        reduce("Tensor::" #name, A, B, rd, Reduction{unbiased});                                                     \
    }                                                                                                                \
    float Tensor::name(bool unbiased) { return Tensor::name(this, unbiased); }                                       \
    Tensor* Tensor::name(vector<int> axis, bool keepdims, bool unbiased) {                                           \
        return reduced(this, axis, keepdims, [=](Tensor* result, ReduceDescriptor2* rd) {                            \
            Tensor::name(this, result, rd, unbiased);                                                                \
        });                                                                                                          \
    }
EDDL_DEFINE_SPREAD(var, Var)
EDDL_DEFINE_SPREAD(std, Std)
#undef EDDL_DEFINE_SPREAD

float Tensor::norm(Tensor* A, string ord) {
    require_frobenius(ord);
    return static_cast<float>(reduce(NORM, A, FrobeniusNorm{}));
}

void Tensor::norm(Tensor* A, Tensor* B, ReduceDescriptor2* rd, string ord) {
    require_frobenius(ord);
    reduce(NORM, A, B, rd, FrobeniusNorm{});
}

float Tensor::norm(string ord) { return Tensor::norm(this, ord); }

Tensor* Tensor::norm(vector<int> axis, bool keepdims, string ord) {
    return reduced(this, axis, keepdims,
                   [&](Tensor* result, ReduceDescriptor2* rd) { Tensor::norm(this, result, rd, ord); });
}
