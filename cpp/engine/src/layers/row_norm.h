// Rows brought to mean 0 and variance 1, then scaled and shifted: what layer, group and plain normalisation share.
#pragma once

#include <cstddef>
#include <vector>

namespace eddl {

// `rows` rows of `channels` runs of `plane` elements, row-major. Scale and shift have one value a channel, or, with one
// channel and `per_element`, one value an element.
struct RowForm {
    std::ptrdiff_t rows = 0, channels = 1, plane = 1;
    bool per_element = false;

    std::ptrdiff_t length() const { return channels * plane; }
};

class RowNorm {
public:
    // What forward finds out first, alone.
    void measure(const RowForm& form, float epsilon, const float* src);
    // scale and shift: both null for none
    void forward(const RowForm& form, float epsilon, const float* src, const float* scale, const float* shift,
                 float* dst);
    // diff_src += …, by the last forward's or measure's statistics
    void backward(const RowForm& form, const float* src, const float* scale, const float* diff_dst,
                  float* diff_src) const;
    // diff_scale += …, diff_shift += …
    void backward_affine(const RowForm& form, const float* src, const float* diff_dst, float* diff_scale,
                         float* diff_shift) const;

    // Of the rows measured last; a deviation is sqrt(variance + epsilon).
    const std::vector<float>& means() const { return means_; }
    const std::vector<float>& deviations() const { return deviations_; }

private:
    void make_room(const RowForm& form);
    void require_statistics(const RowForm& form) const;

    std::vector<float> means_, deviations_;
};

}  // namespace eddl
