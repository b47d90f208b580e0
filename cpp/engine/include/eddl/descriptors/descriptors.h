// Geometry and tensors of convolution and pooling.
#ifndef EDDL_DESCRIPTORS_H
#define EDDL_DESCRIPTORS_H

#include <string>
#include <vector>

#include "eddl/tensor/tensor.h"

namespace eddl {
namespace onednn {
class Convolution;
class TransposedConvolution;
}  // namespace onednn
}  // namespace eddl

// Output sizes and paddings as EDDL counts them. Padding names: valid = none, same = zeros, "same,none" (depth and
// rows, columns), "none,same". An uneven "same" padding has its larger half at the back, bottom or right.
// Lists of sizes go rows, columns or depth, rows, columns; lists of pads have two for each: before, after.
class WindowDescriptor {
public:
    static int compute_output(const std::string& padding, int input_size, int kernel_size, int stride,
                              int dilation_rate = 1);
    // padding: {before, after}
    static int compute_output(std::vector<int> padding, int input_size, int kernel_size, int stride,
                              int dilation_rate = 1);
    static std::vector<int> compute_padding(int output_size, int input_size, int kernel_size, int stride,
                                            std::string padding = "same", bool row = false, int dilation_rate = 1);

    WindowDescriptor(const WindowDescriptor&) = delete;
    WindowDescriptor& operator=(const WindowDescriptor&) = delete;
    virtual ~WindowDescriptor() = default;

    // Fits the window to the input A and makes O and what else the layer then owns; nothing of it is left if it throws.
    virtual void build(Tensor* A) = 0;
    void resize(int b);

    std::string function;  // the layer's, for messages
    std::vector<int> ksize;
    std::vector<int> stride;
    std::string padding;    // as above, or "custom": as given in the pads
    std::vector<int> pads;  // written by build() unless the padding is "custom"

    // The last letter: z channels, d depth, r rows, c columns. Without depth all of its sizes are 0.
    int nk = 0, kz = 0, kd = 0, kr = 0, kc = 0;  // filters; kernel
    int sd = 0, sr = 0, sc = 0;                  // strides
    int in = 0, iz = 0, id = 0, ir = 0, ic = 0;  // input, its batch first
    int z = 0, d = 0, r = 0, c = 0;              // output
    int paddf = 0, paddb = 0;                    // pads: front, back
    int padrt = 0, padrb = 0;                    // top, bottom
    int padcl = 0, padcr = 0;                    // left, right
    bool use_bias = false;
    int mem_level = 0;

    // Borrowed: the input, its delta, the layer's delta and the output belong to layers.
    Tensor* I = nullptr;
    Tensor* ID = nullptr;
    Tensor* D = nullptr;
    Tensor* O = nullptr;

protected:
    enum class Direction { plain, transposed };

    // axes: 2, or 3 with depth.
    WindowDescriptor(const char* function, int axes, Direction direction, const std::vector<int>& stride,
                     const std::string& padding, const std::vector<int>& pads, int mem);

    // Sets all sizes but nk, kz and z.
    void set_geometry(const std::vector<int>& input_shape, const std::vector<int>& kernel,
                      const std::vector<int>& dilation);
    // Of the output, with z channels.
    std::vector<int> output_shape() const;

    const int axes_;
    const Direction direction_;

private:
    void check_pads() const;
};

// Convolution. K is [filters, channels / groups, …], or [channels, filters / groups, …] where it is transposed.
// build() makes O, K, bias, gK and gbias; bias exists even without use_bias.
class KernelDescriptor : public WindowDescriptor {
public:
    int filters;
    std::vector<int> kernel_size;
    std::vector<int> strides;
    int groups;
    std::vector<int> dilation_rate;

    Tensor* K = nullptr;
    Tensor* bias = nullptr;
    Tensor* gK = nullptr;
    Tensor* gbias = nullptr;
    Tensor* acc_gK = nullptr;  // distributed training only
    Tensor* acc_gbias = nullptr;

    void build(Tensor* A) override;

protected:
    KernelDescriptor(const char* function, int axes, Direction direction, int filters,
                     const std::vector<int>& kernel_size, const std::vector<int>& strides, const std::string& padding,
                     const std::vector<int>& pads, int groups, const std::vector<int>& dilation_rate, bool use_bias,
                     int mem);
};

// 1-D and 2-D; a 1-D one works on images one column wide.
class ConvolDescriptor : public KernelDescriptor {
public:
    using Primitives = eddl::onednn::Convolution;

    ConvolDescriptor(int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,
                     const std::string& padding, const std::vector<int>& pads, int groups,
                     const std::vector<int>& dilation_rate, bool use_bias, int mem = 0);
};

class ConvolDescriptor3D : public KernelDescriptor {
public:
    using Primitives = eddl::onednn::Convolution;

    std::vector<int>& pad = pads;  // EDDL's name for them here

    ConvolDescriptor3D(int filters, const std::vector<int>& ks, const std::vector<int>& st, const std::string& p,
                       const std::vector<int>& pads, const std::vector<int>& dilation_rate, bool use_bias, int mem = 0,
                       int groups = 1);
};

// Transposed convolution: the input is spread `stride` apart and each of its points adds a kernel to the output.
// same: the output is stride times as large. valid: as large as needed and then stride - 1 more behind (EDDL's rule).
// custom: the pads are cut off the output; one that is negative, down to 1 - stride, behind only, makes it larger.
class TransposedDescriptor : public KernelDescriptor {
public:
    using Primitives = eddl::onednn::TransposedConvolution;

    // These hide those of plain windows.
    static int compute_output(const std::string& padding, int input_size, int kernel_size, int stride,
                              int dilation_rate = 1);
    static int compute_output(std::vector<int> padding, int input_size, int kernel_size, int stride,
                              int dilation_rate = 1);
    static std::vector<int> compute_padding(int output_size, int input_size, int kernel_size, int stride,
                                            std::string padding = "same", bool row = false, int dilation_rate = 1);

protected:
    using KernelDescriptor::KernelDescriptor;
};

class ConvolDescriptorT2D : public TransposedDescriptor {
public:
    ConvolDescriptorT2D(int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,
                        const std::string& padding, const std::vector<int>& pads, int groups,
                        const std::vector<int>& dilation_rate, bool use_bias, int mem = 0);
};

class ConvolDescriptorT3D : public TransposedDescriptor {
public:
    ConvolDescriptorT3D(int filters, const std::vector<int>& kernel_size, const std::vector<int>& strides,
                        const std::string& padding, const std::vector<int>& pads, int groups,
                        const std::vector<int>& dilation_rate, bool use_bias, int mem = 0);
};

// Pooling. build() makes O.
class PoolWindowDescriptor : public WindowDescriptor {
public:
    std::vector<int>& pad = pads;  // EDDL's name for them here
    int size = 0;                  // outputs a sample

    // EDDL's places of the maxima; this engine keeps them elsewhere: null.
    Tensor* indX = nullptr;
    Tensor* indY = nullptr;
    Tensor* indZ = nullptr;

    void build(Tensor* A) override;

protected:
    PoolWindowDescriptor(const char* function, int axes, const std::vector<int>& ks, const std::vector<int>& st,
                         const std::string& p, const std::vector<int>& pads, int mem);
};

// 1-D and 2-D; a 1-D one works on images one column wide.
class PoolDescriptor : public PoolWindowDescriptor {
public:
    PoolDescriptor(const std::vector<int>& ks, const std::vector<int>& st, const std::string& p, int mem = 0);
    PoolDescriptor(const std::vector<int>& ks, const std::vector<int>& st, const std::vector<int>& p, int mem = 0);
};

class PoolDescriptor3D : public PoolWindowDescriptor {
public:
    PoolDescriptor3D(const std::vector<int>& ks, const std::vector<int>& st, const std::string& p, int mem = 0);
    PoolDescriptor3D(const std::vector<int>& ks, const std::vector<int>& st, const std::vector<int>& p, int mem = 0);
};

#endif  // EDDL_DESCRIPTORS_H
