// Geometry and tensors of 2-D convolution and pooling.
#ifndef EDDL_DESCRIPTORS_H
#define EDDL_DESCRIPTORS_H

#include <string>
#include <vector>

#include "eddl/tensor/tensor.h"

// Output sizes and paddings as EDDL counts them. Padding names: valid = none, same = zeros, "same,none" (rows, columns),
// "none,same". An uneven "same" padding has its larger half at the bottom or right.
class WindowDescriptor {
public:
    static int compute_output(const std::string& padding, int input_size, int kernel_size, int stride, int dilation_rate = 1);
    // padding: {before, after}
    static int compute_output(std::vector<int> padding, int input_size, int kernel_size, int stride, int dilation_rate = 1);
    static std::vector<int> compute_padding(int output_size, int input_size, int kernel_size, int stride,
                                            std::string padding = "same", bool row = false, int dilation_rate = 1);

    std::vector<int> ksize;
    std::vector<int> stride;
    std::string padding;  // as above, or "custom": as given in the pads

    int nk = 0, kr = 0, kc = 0, kz = 0;  // filters; kernel rows, columns, channels
    int sr = 0, sc = 0;                  // strides
    int in = 0, ir = 0, ic = 0, iz = 0;  // input batch, rows, columns, channels
    int r = 0, c = 0, z = 0;             // output rows, columns, channels
    int padrt = 0, padrb = 0;            // rows: top, bottom
    int padcl = 0, padcr = 0;            // columns: left, right
    bool use_bias = false;
    int mem_level = 0;

    // Borrowed: the input, its delta, the layer's delta and the output belong to layers.
    Tensor* I = nullptr;
    Tensor* ID = nullptr;
    Tensor* D = nullptr;
    Tensor* O = nullptr;

protected:
    // Sets all sizes but nk and kz; `pads` is read if the padding is "custom" and written otherwise.
    void set_geometry(const char* function, const std::vector<int>& input_shape, const std::vector<int>& kernel,
                      const std::vector<int>& dilation, std::vector<int>& pads);
};

// K is [filters, channels / groups, rows, columns]. build() makes O, K, bias, gK and gbias, which the layer then owns;
// bias exists even without use_bias.
class ConvolDescriptor : public WindowDescriptor {
public:
    std::vector<int> pads;  // top, bottom, left, right
    int filters = 0;
    std::vector<int> kernel_size;
    std::vector<int> strides;
    int groups = 1;
    std::vector<int> dilation_rate;

    Tensor* K = nullptr;
    Tensor* bias = nullptr;
    Tensor* gK = nullptr;
    Tensor* gbias = nullptr;
    Tensor* acc_gK = nullptr;  // distributed training only
    Tensor* acc_gbias = nullptr;

    ConvolDescriptor(int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,
                     std::string padding, const std::vector<int>& pads, int groups,
                     const std::vector<int>& dilation_rate, bool use_bias, int mem = 0);

    void build(Tensor* A);
    void resize(int b);
};

// build() makes O, which the layer then owns.
class PoolDescriptor : public WindowDescriptor {
public:
    std::vector<int> pad;  // top, bottom, left, right
    int size = 0;          // outputs a sample

    // EDDL's places of the maxima; this engine keeps them elsewhere: null.
    Tensor* indX = nullptr;
    Tensor* indY = nullptr;

    PoolDescriptor(const std::vector<int>& ks, const std::vector<int>& st, const std::string& p, int mem = 0);
    PoolDescriptor(const std::vector<int>& ks, const std::vector<int>& st, const std::vector<int>& p, int mem = 0);

    void build(Tensor* A);
    void resize(int b);
};

#endif  // EDDL_DESCRIPTORS_H
