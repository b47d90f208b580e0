// Tensor: a dense, row-major array of floats in CPU memory.
//
// Conventions of all members:
// - `f_()` changes this tensor, `Tensor* f()` returns a new one that the caller owns, and `static void f(A, …, B)` writes
//   into its last tensor, which must already have the right shape and may be the same as an input where the operation is
//   element-wise.
// - std::invalid_argument on arguments that do not fit (shapes, axes, indices, devices), before anything is written.
// - The families of operations are listed in operations.h.
#ifndef EDDL_TENSOR_H
#define EDDL_TENSOR_H

#include <cstddef>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "eddl/descriptors/tensor_descriptors.h"
#include "eddl/tensor/operations.h"
#include "eddl/utils.h"

constexpr int DEV_CPU = 0;
constexpr int DEV_GPU = 1000;
constexpr int DEV_FPGA = 2000;

class Tensor {
public:
    int device = DEV_CPU;
    bool isshared = false;  // ptr belongs to somebody else, who must outlive this tensor
    unsigned int ndim = 0;
    unsigned long int size = 0;
    vector<int> shape;
    vector<int> stride;
    float* ptr = nullptr;   // 64-byte aligned where this tensor owns it
    void* ptr2 = nullptr;   // unused; EDDL's second view of the data
    int gpu_device = 0;

    // --- life and memory ---
    Tensor();
    explicit Tensor(const vector<int>& shape, int dev = DEV_CPU);  // values are not initialised
    Tensor(const vector<int>& shape, float* fptr, int dev, void* fptr2 = nullptr);  // on the caller's memory
    Tensor(const vector<int>& shape, Tensor* T);                                    // on T's memory
    Tensor(const vector<float>& data, const vector<int>& shape, int dev = DEV_CPU);
    Tensor(const Tensor& other);  // deep, as is assignment
    Tensor& operator=(const Tensor& other);
    ~Tensor();

    void updateDevice(int dev);
    void updateShape(const vector<int>& new_shape);
    void updateSize();
    void updateStrides();
    // nullptr: frees what this tensor owns and allocates for the present size. Otherwise takes ptr as its data, owned by
    // somebody else unless setshared is false; memory that this tensor owned until now becomes the caller's.
    void updateData(float* ptr, void* ptr2 = nullptr, bool setshared = true);
    void deleteData();

    Tensor* clone();
    // Views old_t's data, with `shape` or its present one.
    void reallocate(Tensor* old_t);
    void reallocate(Tensor* old_t, const vector<int>& shape);
    // Makes the first dimension b. Values are lost unless fptr holds them.
    void resize(int b, float* fptr = nullptr, void* fptr2 = nullptr, bool delete_data = true);

    // --- devices ---
    void toCPU(int dev = DEV_CPU);
    void toGPU(int dev = DEV_GPU);
    void toFPGA(int dev = DEV_FPGA);
    void toDevice(int dev);
    int isCPU();
    int isGPU();
    int isFPGA();
    string getDeviceName() const;
    static int getDeviceID(int dev);            // 0 CPU, 1 GPU, 2 FPGA
    static int getDeviceID(const string& dev);  // "cpu", "gpu:1", … to the device number
    static vector<string> hardware_supported();
    static bool is_hardware_supported(string hardware);

    // --- what it is ---
    void info();
    void print(int precision = 6, bool raw = false);
    vector<int> getShape();
    unsigned int numel();
    vector<float> to_std();
    static bool isSquared(Tensor* A);
    static int eqsize(Tensor* A, Tensor* B);
    static bool sameDevice(Tensor* A, Tensor* B);
    static bool sameSize(Tensor* A, Tensor* B);
    static int sameShape(Tensor* A, Tensor* B);
    static int equivalent(Tensor* A, Tensor* B, float atol = 1e-8f, float rtol = 1e-5f, bool equal_nan = false,
                          bool verbose = true);

    // --- files: "bin" (EDDL's own), "csv", "tsv", "txt", "npy", images; the format defaults to the file's extension ---
    // Images are [channels, height, width], values 0 to 255: "bmp", "jpg", "png", "tga", …
    static Tensor* load(const string& filename, string format = "");
    template <typename T>
    static Tensor* load(const string& filename, string format = "") { return load(filename, format); }
    static Tensor* loadfs(std::ifstream& ifs, const string& format = "");
    static Tensor* load_partial(const string& filename, int start_row = 0, int end_row = -1);
    static Tensor* load_from_ptr(void* src);
    void save(const string& filename, string format = "");
    void savefs(std::ofstream& ofs, string format = "");
    void save2txt(const string& filename, char delimiter = ',', const vector<string>& header = {});
    std::pair<void*, std::size_t> save2ptr();  // allocated with eddl_malloc

    // --- creation ---
    static Tensor* empty(const vector<int>& shape, int dev = DEV_CPU);
    static Tensor* empty_like(Tensor* A);
    static Tensor* zeros(const vector<int>& shape, int dev = DEV_CPU);
    static Tensor* zeros_like(Tensor* A);
    static Tensor* ones(const vector<int>& shape, int dev = DEV_CPU);
    static Tensor* ones_like(Tensor* A);
    static Tensor* full(const vector<int>& shape, float value, int dev = DEV_CPU);
    static Tensor* full_like(Tensor* A, float value);
    static Tensor* arange(float start, float end, float step = 1.0f, int dev = DEV_CPU);  // end excluded
    static Tensor* range(float start, float end, float step = 1.0f, int dev = DEV_CPU);   // end included
    static Tensor* linspace(float start, float end, int steps = 100, int dev = DEV_CPU);
    static Tensor* logspace(float start, float end, int steps = 100, float base = 10.0f, int dev = DEV_CPU);
    static Tensor* geomspace(float start, float end, int steps = 100, int dev = DEV_CPU);
    static Tensor* eye(int rows, int offset = 0, int dev = DEV_CPU);
    static Tensor* identity(int rows, int dev = DEV_CPU);
    static Tensor* randu(const vector<int>& shape, int dev = DEV_CPU);
    static Tensor* randn(const vector<int>& shape, int dev = DEV_CPU);

    static void copy(Tensor* A, Tensor* B);  // shapes may differ in dimensions of 1 only
    void fill_(float v);
    Tensor* fill(float v);
    static void fill(Tensor* A, float v);
    // Copies (inc: adds) [aini, aend) of A's second dimension to [bini, bend) of B's.
    static void fill(Tensor* A, int aini, int aend, Tensor* B, int bini, int bend, int inc);
    void fill_rand_normal_(float m, float s, bool fast_math = true);
    Tensor* fill_rand_normal(float m, float s, bool fast_math = true);

    // --- the families of operations.h ---
#define EDDL_DECLARE(name, ...)  \
    void name##_();              \
    Tensor* name();              \
    static void name(Tensor* A, Tensor* B);
    EDDL_UNARY_OPERATIONS(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, ...) \
    Tensor* name();             \
    static void name(Tensor* A, Tensor* B);
    EDDL_PREDICATES(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, formula, v_default) \
    void name##_(float v v_default);           \
    Tensor* name(float v v_default);           \
    static void name(Tensor* A, Tensor* B, float v v_default);
    EDDL_SCALAR_OPERATIONS(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, low_default, high_default)           \
    void name##_(float min low_default, float max high_default); \
    Tensor* name(float min low_default, float max high_default); \
    static void name(Tensor* A, Tensor* B, float min low_default, float max high_default);
    EDDL_RANGE_OPERATIONS(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, ...)                \
    void name##_(Tensor* A);                   \
    Tensor* name(Tensor* A);                   \
    static Tensor* name(Tensor* A, Tensor* B); \
    static void name(Tensor* A, Tensor* B, Tensor* C);
    EDDL_ARITHMETIC(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, ...) \
    Tensor* name(Tensor* A);    \
    static void name(Tensor* A, Tensor* B, Tensor* C);
    EDDL_RELATIONS(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, ...)                        \
    Tensor* name(float v);                             \
    static Tensor* name(Tensor* A, float v);           \
    static void name(Tensor* A, Tensor* B, float v);   \
    static Tensor* name(Tensor* A, Tensor* B);         \
    static void name(Tensor* A, Tensor* B, Tensor* C);
    EDDL_EXTREMA(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, Result)                    \
    Result name();                                    \
    static Result name(Tensor* A);                    \
    Tensor* name(vector<int> axis, bool keepdims);    \
    static void name(Tensor* A, Tensor* B, ReduceDescriptor2* rd);
    EDDL_REDUCTIONS(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name)                                                \
    float name(bool unbiased = true);                                     \
    static float name(Tensor* A, bool unbiased = true);                   \
    Tensor* name(vector<int> axis, bool keepdims, bool unbiased = true);  \
    static void name(Tensor* A, Tensor* B, ReduceDescriptor2* rd, bool unbiased = true);
    EDDL_SPREADS(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name)                                        \
    Tensor* name(bool descending = false, bool stable = true);    \
    static void name(Tensor* A, Tensor* B, bool descending = false, bool stable = true);
    EDDL_SORTS(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, ...) static void name(Tensor* A, Tensor* B, Tensor* C, int incC);
    EDDL_ACCUMULATING(EDDL_DECLARE)
#undef EDDL_DECLARE

#define EDDL_DECLARE(name, ...) \
    void name##_(float v);      \
    Tensor* name(float v);
    EDDL_RANDOM_FILLS(EDDL_DECLARE)
#undef EDDL_DECLARE

    // The binary forms return a new tensor that the caller owns.
#define EDDL_DECLARE(symbol, name)                         \
    friend Tensor& operator symbol(Tensor& A, Tensor& B);  \
    friend Tensor& operator symbol(Tensor& A, float v);    \
    friend Tensor& operator symbol(float v, Tensor& A);    \
    friend void operator symbol##=(Tensor& A, Tensor& B);  \
    friend void operator symbol##=(Tensor& A, float v);
    EDDL_OPERATORS(EDDL_DECLARE)
#undef EDDL_DECLARE

    // --- arithmetic that stands alone ---
    static void add(float scA, Tensor* A, float scB, Tensor* B, Tensor* C, int incC);  // C (+)= scA·A + scB·B
    static void inc(Tensor* A, Tensor* B);                                             // B += A
    static Tensor* interpolate(float factor1, Tensor* A, float factor2, Tensor* B);    // factor1·A + factor2·B
    static void interpolate(float factor1, Tensor* A, float factor2, Tensor* B, Tensor* C);
    static void d_clamp(Tensor* D, Tensor* I, Tensor* PD, float min, float max);  // PD += D where min ≤ I ≤ max
    // PD (…, n) += D (…) at the positions O (…) of the last axis
    static void argmax_d(Tensor* D, Tensor* O, Tensor* PD);

    // --- linear algebra ---
    static void mult2D(Tensor* A, int tA, Tensor* B, int tB, Tensor* C, int incC);  // C (+)= A·B, each transposed where t
    static void sum2D_rowwise(Tensor* A, Tensor* B, Tensor* C);                     // C = A + B on each row
    static void sum2D_colwise(Tensor* A, Tensor* B, Tensor* C);                     // C = A + B on each column
    static void reduce_sum2D(Tensor* A, Tensor* B, int axis, int incB);             // B (+)= sums of A over axis
    void diag_(int k = 0);
    Tensor* diag(int k = 0);
    static void diag(Tensor* A, Tensor* B, int k = 0);  // all but the k-th diagonal becomes 0
    float trace(int k = 0);
    static float trace(Tensor* A, int k = 0);
    // ord: "fro"
    float norm(string ord = "fro");
    static float norm(Tensor* A, string ord = "fro");
    Tensor* norm(vector<int> axis, bool keepdims, string ord = "fro");
    static void norm(Tensor* A, Tensor* B, ReduceDescriptor2* rd, string ord = "fro");

    // --- comparison of whole tensors ---
    bool all();
    static bool all(Tensor* A);
    bool any();
    static bool any(Tensor* A);
    bool anynan();
    bool allclose(Tensor* A, float rtol = 1e-5f, float atol = 1e-8f, bool equal_nan = false);
    static bool allclose(Tensor* A, Tensor* B, float rtol = 1e-5f, float atol = 1e-8f, bool equal_nan = false);
    Tensor* isclose(Tensor* A, float rtol = 1e-5f, float atol = 1e-8f, bool equal_nan = false);
    static void isclose(Tensor* A, Tensor* B, Tensor* C, float rtol = 1e-5f, float atol = 1e-8f,
                        bool equal_nan = false);

    void sort_(bool descending = false, bool stable = true);

    // --- shape ---
    void reshape_(const vector<int>& new_shape);  // one dimension may be -1
    Tensor* reshape(const vector<int>& new_shape);
    static Tensor* reshape(Tensor* A, const vector<int>& shape);
    void flatten_();
    Tensor* flatten();
    static Tensor* flatten(Tensor* A);
    void squeeze_(int axis = -1);
    Tensor* squeeze(int axis = -1);
    static Tensor* squeeze(Tensor* A, int axis = -1);
    void unsqueeze_(int axis = 0);
    Tensor* unsqueeze(int axis = 0);
    static Tensor* unsqueeze(Tensor* A, int axis = 0);
    void permute_(const vector<int>& dims);
    Tensor* permute(const vector<int>& dims);
    static Tensor* permute(Tensor* A, const vector<int>& dims);
    void moveaxis_(int source, int destination);
    Tensor* moveaxis(int source, int destination);
    static Tensor* moveaxis(Tensor* A, int source, int destination);
    void swapaxis_(int axis1, int axis2);
    Tensor* swapaxis(int axis1, int axis2);
    static Tensor* swapaxis(Tensor* A, int axis1, int axis2);
    static void transpose(Tensor* A, Tensor* B, vector<int> dims);  // A may be B, whose shape then changes

    // --- joining and repeating ---
    static Tensor* concat(vector<Tensor*> A, unsigned int axis = 0, Tensor* output = nullptr);
    static void concat_back(Tensor* A, vector<Tensor*> t, unsigned int axis);  // t[i] += its part of A
    static Tensor* stack(vector<Tensor*> A, unsigned int axis = 0, Tensor* output = nullptr);
    static Tensor* repeat(Tensor* A, const vector<unsigned int>& repeats, unsigned int axis = 0,
                          Tensor* output = nullptr, bool derivative = false);
    static Tensor* repeat(Tensor* A, unsigned int repeats, unsigned int axis = 0, Tensor* output = nullptr,
                          bool derivative = false);
    static Tensor* repeat_desc(Tensor* A, const vector<unsigned int>& repeats, unsigned int axis = 0,
                               Tensor* output = nullptr);
    static Tensor* repeat_desc(Tensor* A, unsigned int repeats, unsigned int axis = 0, Tensor* output = nullptr);
    static Tensor* tile(Tensor* A, const vector<int>& repeats);
    static void tile_deprecated(Tensor* A, Tensor* B);  // B's rows are A's rows, again and again
    static Tensor* broadcast(Tensor* A, Tensor* B, Tensor* output = nullptr);  // the smaller in the shape of the larger
    Tensor* expand(int size);
    static Tensor* expand(Tensor* A, int size);
    static void expand(Tensor* A, Tensor* B, ExpandDescriptor* sd);

    // --- indexing ---
    Tensor* select(const vector<string>& indices);
    static void select(Tensor* A, Tensor* B, SelDescriptor* sd);
    static void select_back(Tensor* A, Tensor* B, SelDescriptor* sd);  // B at the addresses += A
    // B[i - ini] = A[sind[i]] for rows i in [ini, end); mask_zeros: rows whose index is 0 become 0
    static void select(Tensor* A, Tensor* B, vector<int> sind, int ini, int end, bool mask_zeros = false);
    // B[sind[i]] = (inc: +=) A[i - ini]
    static void deselect(Tensor* A, Tensor* B, vector<int> sind, int ini, int end, int inc = 0, bool mask_zeros = false);
    void set_select(const vector<string>& indices, float value);
    void set_select(const vector<string>& indices, Tensor* A);
    static void set_select(Tensor* A, Tensor* B, SelDescriptor* sd);       // A at the addresses = B
    static void set_select_back(Tensor* A, Tensor* B, SelDescriptor* sd);  // B += A at the addresses
    static void gather(Tensor* A, Tensor* B, GatherDescriptor* sd);        // A at the addresses = B
    Tensor* nonzero(bool sort_indices = false);
    std::pair<unsigned int*, int> _nonzero();  // array allocated with eddl_malloc
    static Tensor* where(Tensor* condition, Tensor* A, Tensor* B);
    static void where(Tensor* condition, Tensor* A, Tensor* B, Tensor* C);
    static void where_back(Tensor* condition, Tensor* PD_A, Tensor* PD_B, Tensor* D);  // PD_A += D or PD_B += D

    // --- images: tensors (batch, channels, height, width); a coordinate pair is (y, x); nearest neighbours ---
    Tensor* shift(vector<int> shift, WrappingMode mode = WrappingMode::Constant, float cval = 0.0f);
    static void shift(Tensor* A, Tensor* B, vector<int> shift, WrappingMode mode = WrappingMode::Constant,
                      float cval = 0.0f);
    Tensor* rotate(float angle, vector<int> offset_center = {0, 0}, WrappingMode mode = WrappingMode::Constant,
                   float cval = 0.0f);
    static void rotate(Tensor* A, Tensor* B, float angle, vector<int> offset_center = {0, 0},
                       WrappingMode mode = WrappingMode::Constant, float cval = 0.0f);
    Tensor* scale(vector<int> new_shape, WrappingMode wrapping_mode = WrappingMode::Constant, float cval = 0.0f,
                  TransformationMode coordinate_transformation_mode = TransformationMode::Asymmetric,
                  bool keep_size = false);
    static void scale(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode = WrappingMode::Constant,
                      float cval = 0.0f,
                      TransformationMode coordinate_transformation_mode = TransformationMode::Asymmetric);
    // A += what each of its pixels became in B
    static void scale_back(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode = WrappingMode::Constant,
                           float cval = 0.0f,
                           TransformationMode coordinate_transformation_mode = TransformationMode::Asymmetric);
    // The same for volumes (batch, channels, depth, height, width); new_shape is (z, y, x).
    static void scale3d(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode = WrappingMode::Constant,
                        float cval = 0.0f,
                        TransformationMode coordinate_transformation_mode = TransformationMode::Asymmetric);
    static void scale3d_back(Tensor* A, Tensor* B, vector<int> new_shape, WrappingMode mode = WrappingMode::Constant,
                             float cval = 0.0f,
                             TransformationMode coordinate_transformation_mode = TransformationMode::Asymmetric);
    Tensor* flip(int axis = 0);
    static void flip(Tensor* A, Tensor* B, int axis = 0);
    // The corners are inclusive. keep_size keeps the image and fills what lies outside the crop.
    Tensor* crop(vector<int> coords_from, vector<int> coords_to, float cval = 0.0f, bool keep_size = false);
    static void crop(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to, float cval = 0.0f);
    Tensor* crop_scale(vector<int> coords_from, vector<int> coords_to, WrappingMode mode = WrappingMode::Constant,
                       float cval = 0.0f);
    static void crop_scale(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to,
                           WrappingMode mode = WrappingMode::Constant, float cval = 0.0f);
    Tensor* cutout(vector<int> coords_from, vector<int> coords_to, float cval = 0.0f);
    static void cutout(Tensor* A, Tensor* B, vector<int> coords_from, vector<int> coords_to, float cval = 0.0f);
    // pads: top, right, bottom, left, or (vertical, horizontal)
    Tensor* pad(vector<int> pads, float cval = 0.0f);
    static void pad(Tensor* A, Tensor* B, vector<int> pads);       // the border of B stays as it is
    static void pad_back(Tensor* A, Tensor* B, vector<int> pads);  // A += the inside of B

    // As above with parameters drawn for each image; a factor pair is the range, as a fraction of the image.
    Tensor* shift_random(vector<float> factor_x, vector<float> factor_y, WrappingMode mode = WrappingMode::Constant,
                         float cval = 0.0f);
    static void shift_random(Tensor* A, Tensor* B, vector<float> factor_x, vector<float> factor_y,
                             WrappingMode mode = WrappingMode::Constant, float cval = 0.0f);
    Tensor* rotate_random(vector<float> factor, vector<int> offset_center = {0, 0},
                          WrappingMode mode = WrappingMode::Constant, float cval = 0.0f);
    static void rotate_random(Tensor* A, Tensor* B, vector<float> factor, vector<int> offset_center = {0, 0},
                              WrappingMode mode = WrappingMode::Constant, float cval = 0.0f);
    Tensor* scale_random(vector<float> factor, WrappingMode mode = WrappingMode::Constant, float cval = 0.0f,
                         TransformationMode coordinate_transformation_mode = TransformationMode::Asymmetric);
    static void scale_random(Tensor* A, Tensor* B, vector<float> factor, WrappingMode mode = WrappingMode::Constant,
                             float cval = 0.0f,
                             TransformationMode coordinate_transformation_mode = TransformationMode::Asymmetric);
    Tensor* flip_random(int axis);
    static void flip_random(Tensor* A, Tensor* B, int axis);
    Tensor* crop_random(int height, int width, float cval = 0.0f, bool keep_size = false);
    static void crop_random(Tensor* A, Tensor* B);
    Tensor* crop_scale_random(vector<float> factor, WrappingMode mode = WrappingMode::Constant, float cval = 0.0f);
    static void crop_scale_random(Tensor* A, Tensor* B, vector<float> factor,
                                  WrappingMode mode = WrappingMode::Constant, float cval = 0.0f);
    Tensor* cutout_random(vector<float> factor_x, vector<float> factor_y, float cval = 0.0f);
    static void cutout_random(Tensor* A, Tensor* B, vector<float> factor_x, vector<float> factor_y, float cval = 0.0f);
};

#endif  // EDDL_TENSOR_H
