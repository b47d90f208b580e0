// Results that grow element by element. Sums are kept in double. A fold starts from the first of its elements, takes
// all of them and merges with folds that started from the same.
#pragma once

#include <cstddef>

namespace eddl {

struct SumFold {
    double sum = 0.0;

    SumFold() = default;
    explicit SumFold(float) {}
    void take(float x) { sum += x; }
    void merge(const SumFold& other) { sum += other.sum; }
};

// Mean and biased variance, from sums of the distances to the first element: exact zeros for a constant.
struct MomentsFold {
    double origin = 0.0, sum = 0.0, squares = 0.0;

    MomentsFold() = default;
    explicit MomentsFold(float first) : origin(first) {}
    void take(float x) {
        const double distance = x - origin;
        sum += distance;
        squares += distance * distance;
    }
    void merge(const MomentsFold& other) {
        sum += other.sum;
        squares += other.squares;
    }
    double mean(double n) const { return origin + sum / n; }
    double variance(double n) const {
        const double result = (squares - sum * sum / n) / n;
        return result < 0.0 ? 0.0 : result;  // by rounding; NaN stays NaN
    }
};

struct Larger {
    static bool beats(float a, float b) { return a > b; }
};
struct Smaller {
    static bool beats(float a, float b) { return a < b; }
};

// The element that no other beats; NaN beats every number.
template <typename Order>
struct ExtremeFold {
    float value = 0.0f;

    ExtremeFold() = default;
    explicit ExtremeFold(float first) : value(first) {}
    void take(float x) { value = Order::beats(x, value) || x != x ? x : value; }
    void merge(const ExtremeFold& other) { take(other.value); }
};

// Whether an element is the one that ExtremeFold found.
inline bool is_extreme(float x, float extreme) { return x == extreme || (x != x && extreme != extreme); }

// Elements that a run is folded in at once, so that one need not wait for the other. The result depends on it, not on
// the number of threads.
constexpr std::ptrdiff_t LANES = 8;

// The fold of a contiguous run.
template <typename Fold>
Fold fold_run(const float* run, std::ptrdiff_t length, Fold start) {
    Fold lanes[LANES];
    for (Fold& lane : lanes) lane = start;
    std::ptrdiff_t i = 0;
    for (; i + LANES <= length; i += LANES) {
        for (std::ptrdiff_t l = 0; l < LANES; ++l) lanes[l].take(run[i + l]);
    }
    for (; i < length; ++i) lanes[i % LANES].take(run[i]);
    for (const Fold& lane : lanes) start.merge(lane);
    return start;
}

}  // namespace eddl
