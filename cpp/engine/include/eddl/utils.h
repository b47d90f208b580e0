// Small helpers on shapes, index strings and option names.
#ifndef EDDL_UTILS_H
#define EDDL_UTILS_H

#include <cstddef>
#include <string>
#include <vector>

// Only the embedded engine defines this: the version of EDDL whose API it implements.
#define EDDL_EMBEDDED_ENGINE "1.2"

// EDDL's headers put these two in the global namespace, and PyEDDL's binding names them unqualified.
using std::string;
using std::vector;

// What an image transform reads outside the image.
enum WrappingMode { Constant = 0, Reflect = 1, Nearest = 2, Mirror = 3, Wrap = 4, Original = 5 };
// How an output pixel maps to an input coordinate when scaling.
enum TransformationMode { HalfPixel = 0, PytorchHalfPixel = 1, AlignCorners = 2, Asymmetric = 3, TFCropAndResize = 4 };

// "constant", "half_pixel", …; std::invalid_argument on an unknown name.
WrappingMode getWrappingMode(string mode);
TransformationMode getTransformationMode(string mode);
string getTransformationModeName(TransformationMode mode);

// Product of the dimensions; std::invalid_argument on a negative dimension or a product beyond int.
int shape2size(vector<int> shape);
// Row-major strides.
vector<int> shape2stride(const vector<int>& shape);

// "2", "-1", "1:3", ":2", "4:", ":" (one string a dimension, missing ones mean ":") to inclusive [first, last] ranges.
vector<vector<int>> parse_indices(vector<string> str_indices, const vector<int>& shape);
vector<int> indices2shape(vector<vector<int>> ranges);

vector<int> permute_shape(const vector<int>& ishape, const vector<int>& dims);
vector<int> expand_shape(const vector<int>& ishape, int size);

// Shape without dimension `axis` if it is 1 (axis = -1: without any dimension of 1), or with a 1 inserted at `axis`.
// ignore_batch: axis counts from the second dimension and the first is left alone.
vector<int> compute_squeeze(vector<int> shape, int axis, bool ignore_batch = false);
vector<int> compute_unsqueeze(vector<int> shape, int axis, bool ignore_batch = false);

vector<string> split_string(const string& str, const char& delimiter);
// Text after the last dot, or "".
string get_extension(string filename);
// "1.50MB"
string bytes2human(unsigned long long int bytes, int decimals = 2);

// 64-byte aligned memory; std::runtime_error naming the size when there is none.
void* eddl_malloc(std::size_t size, const string& str_info = "");
void eddl_free(void* ptr);
float* get_fmem(unsigned long int size, const string& str);
// Zeros that take memory only where they are written to.
float* get_zeros(unsigned long int size, const string& str);

#endif  // EDDL_UTILS_H
