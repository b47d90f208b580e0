// Where the elements of a sample lie that a reduction over some of its axes brings together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "layers/folds.h"
#include "parallel.h"

namespace eddl {

// The output of one sample has rows.size() rows of `width` neighbours; each output's group is runs.size() runs of
// `length` neighbours. Only one of width and length is above 1: the one of the axes that lie densest.
class ReductionPlan {
public:
    // Axes in rising order, batch not counted.
    ReductionPlan(const std::vector<int>& sample_shape, const std::vector<int>& axes);

    std::ptrdiff_t outputs() const { return static_cast<std::ptrdiff_t>(rows_.size()) * width_; }
    std::ptrdiff_t group() const { return static_cast<std::ptrdiff_t>(runs_.size()) * length_; }

    // store(o, fold of output o's elements) for all outputs of all samples of `src`.
    template <typename Fold, typename Store>
    void fold(std::ptrdiff_t samples, const float* src, Store store) const {
        if (width_ == 1) {
            for_each_row(samples, 1, [=](std::ptrdiff_t from, std::ptrdiff_t o, std::ptrdiff_t) {
                Fold result(src[from]);
                for (const std::ptrdiff_t run : runs_)
                    result.merge(fold_run(src + from + run, length_, Fold(src[from])));
                store(o, result);
            });
            return;
        }
        for_each_row(samples, BLOCK, [=](std::ptrdiff_t from, std::ptrdiff_t o, std::ptrdiff_t count) {
            Fold results[BLOCK];
            for (std::ptrdiff_t w = 0; w < count; ++w) results[w] = Fold(src[from + w]);
            for (const std::ptrdiff_t run : runs_) {
                for (std::ptrdiff_t w = 0; w < count; ++w) results[w].take(src[from + run + w]);
            }
            for (std::ptrdiff_t w = 0; w < count; ++w) store(o + w, results[w]);
        });
    }

    // body(element, o) for all elements of all samples, o being the output that each goes into.
    template <typename Body>
    void for_each(std::ptrdiff_t samples, Body body) const {
        for_each_row(samples, BLOCK, [=](std::ptrdiff_t from, std::ptrdiff_t o, std::ptrdiff_t count) {
            for (const std::ptrdiff_t run : runs_) {
                if (width_ == 1) {
                    for (std::ptrdiff_t l = 0; l < length_; ++l) body(from + run + l, o);
                } else {
                    for (std::ptrdiff_t w = 0; w < count; ++w) body(from + run + w, o + w);
                }
            }
        });
    }

    // found(element, o, place in the group) for the first element of each output's group that matches(element, o).
    template <typename Matches, typename Found>
    void find_first(std::ptrdiff_t samples, Matches matches, Found found) const {
        for_each_row(samples, BLOCK, [=](std::ptrdiff_t from, std::ptrdiff_t o, std::ptrdiff_t count) {
            for (std::ptrdiff_t w = 0; w < count; ++w) {
                const std::ptrdiff_t place = first_place(from + w, [=](std::ptrdiff_t e) { return matches(e, o + w); });
                if (place < group()) found(element(from + w, place), o + w, place);
            }
        });
    }

private:
    static constexpr std::ptrdiff_t BLOCK = 64;  // outputs of a row that are computed together

    std::ptrdiff_t element(std::ptrdiff_t from, std::ptrdiff_t place) const {
        return from + runs_[static_cast<std::size_t>(place / length_)] + place % length_;
    }

    template <typename Matches>
    std::ptrdiff_t first_place(std::ptrdiff_t from, Matches matches) const {
        std::ptrdiff_t place = 0;
        for (const std::ptrdiff_t run : runs_) {
            for (std::ptrdiff_t l = 0; l < length_; ++l, ++place) {
                if (matches(from + run + l)) return place;
            }
        }
        return place;
    }

    // body(first element, first output, outputs) for all rows, cut into blocks, of all samples.
    template <typename Body>
    void for_each_row(std::ptrdiff_t samples, std::ptrdiff_t block, Body body) const {
        const std::ptrdiff_t blocks = (width_ + block - 1) / block, rows = static_cast<std::ptrdiff_t>(rows_.size());
        parallel_for(samples * rows * blocks, [=](std::ptrdiff_t i) {
            const std::ptrdiff_t sample = i / (rows * blocks), row = i / blocks % rows, first = i % blocks * block;
            body(sample * sample_ + rows_[static_cast<std::size_t>(row)] + first,
                 (sample * rows + row) * width_ + first, std::min(block, width_ - first));
        }, group() * std::min(block, width_));
    }

    std::vector<std::ptrdiff_t> rows_, runs_;
    std::ptrdiff_t width_ = 1, length_ = 1;
    std::ptrdiff_t sample_ = 1;  // elements
};

}  // namespace eddl
