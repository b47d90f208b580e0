#include "eddl/utils.h"

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <sstream>
#include <utility>

#include "errors.h"

namespace {

// Option names, each at the position of its value in the enumeration.
constexpr std::array<const char*, 6> WRAPPING_MODES = {"constant", "reflect", "nearest", "mirror", "wrap", "original"};
constexpr std::array<const char*, 5> TRANSFORMATION_MODES = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                                             "asymmetric", "tf_crop_and_resize"};

template <std::size_t N>
int position_of(const std::string& name, const std::array<const char*, N>& names, const char* function) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        eddl::invalid(function, "unknown mode '", name, "'; the modes are ",
                      std::vector<std::string>(names.begin(), names.end()));
    }
    return static_cast<int>(found - names.begin());
}

int checked_int(long value, const char* function, const std::vector<int>& shape) {
    if (value > std::numeric_limits<int>::max()) eddl::invalid(function, "shape ", shape, " has too many elements");
    return static_cast<int>(value);
}

// A whole number with nothing after it.
int parse_int(const std::string& text, const std::string& whole) {
    std::size_t used = 0;
    int value = 0;
    try {
        value = std::stoi(text, &used);
    } catch (const std::exception&) {
        used = 0;
    }
    if (used == 0 || used != text.size()) eddl::invalid("parse_indices", "'", whole, "' is no index or range");
    return value;
}

}  // namespace

WrappingMode getWrappingMode(string mode) {
    return static_cast<WrappingMode>(position_of(mode, WRAPPING_MODES, "getWrappingMode"));
}

TransformationMode getTransformationMode(string mode) {
    return static_cast<TransformationMode>(position_of(mode, TRANSFORMATION_MODES, "getTransformationMode"));
}

string getTransformationModeName(TransformationMode mode) {
    return TRANSFORMATION_MODES.at(static_cast<std::size_t>(mode));
}

int shape2size(vector<int> shape) {
    long size = 1;
    for (int d : shape) {
        if (d < 0) eddl::invalid("shape2size", "negative dimension in shape ", shape);
        size = checked_int(size * d, "shape2size", shape);
    }
    return static_cast<int>(size);
}

vector<int> shape2stride(const vector<int>& shape) {
    vector<int> stride(std::max<std::size_t>(shape.size(), 1), 1);
    for (std::size_t d = shape.size(); d-- > 1;) {
        stride[d - 1] = checked_int(static_cast<long>(stride[d]) * shape[d], "shape2stride", shape);
    }
    return stride;
}

vector<vector<int>> parse_indices(vector<string> str_indices, const vector<int>& shape) {
    if (str_indices.size() > shape.size()) {
        eddl::invalid("parse_indices", "indices ", str_indices, " for a tensor of shape ", shape);
    }
    str_indices.resize(shape.size(), ":");
    vector<vector<int>> ranges;
    for (std::size_t d = 0; d < shape.size(); ++d) {
        string text = str_indices[d];
        text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
        const int extent = shape[d];
        const auto bound = [&](const string& part, int missing) {
            if (part.empty()) return missing;
            const int value = parse_int(part, str_indices[d]);
            return value < 0 ? value + extent : value;
        };
        const std::size_t colon = text.find(':');
        int first, last;
        if (colon == string::npos) {
            first = last = bound(text, -1);
        } else {
            first = bound(text.substr(0, colon), 0);
            last = bound(text.substr(colon + 1), extent) - 1;
        }
        if (first < 0 || last < first || last >= extent) {
            eddl::invalid("parse_indices", "'", str_indices[d], "' selects nothing or lies outside dimension ", d,
                          " of shape ", shape);
        }
        ranges.push_back({first, last});
    }
    return ranges;
}

vector<int> indices2shape(vector<vector<int>> ranges) {
    vector<int> shape;
    for (const vector<int>& range : ranges) shape.push_back(range.at(1) - range.at(0) + 1);
    return shape;
}

vector<int> permute_shape(const vector<int>& ishape, const vector<int>& dims) {
    vector<int> sorted = dims, oshape;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t d = 0; d < ishape.size(); ++d) {
        if (sorted.size() != ishape.size() || sorted[d] != static_cast<int>(d)) {
            eddl::invalid("permute", dims, " is no permutation of the axes of shape ", ishape);
        }
        oshape.push_back(ishape[static_cast<std::size_t>(dims[d])]);
    }
    return oshape;
}

vector<int> expand_shape(const vector<int>& ishape, int size) {
    if (size < 1) eddl::invalid("expand", "size ", size, "; it must be at least 1");
    if (std::find(ishape.begin(), ishape.end(), 1) == ishape.end()) {
        eddl::invalid("expand", "shape ", ishape, " has no dimension of 1");
    }
    vector<int> oshape = ishape;
    std::replace(oshape.begin(), oshape.end(), 1, size);
    return oshape;
}

vector<int> compute_squeeze(vector<int> shape, int axis, bool ignore_batch) {
    const int first = ignore_batch ? 1 : 0;
    const int rank = static_cast<int>(shape.size());
    if (axis < -1 || axis >= std::max(rank, 1) - first) eddl::invalid("squeeze", "axis ", axis, " of shape ", shape);
    vector<int> result;
    for (int d = 0; d < rank; ++d) {
        const int extent = shape[static_cast<std::size_t>(d)];
        const bool drop = d >= first && extent == 1 && (axis == -1 || d == axis + first);
        if (!drop) result.push_back(extent);
    }
    return result;
}

vector<int> compute_unsqueeze(vector<int> shape, int axis, bool ignore_batch) {
    const int first = ignore_batch ? 1 : 0;
    if (axis < 0 || axis > static_cast<int>(shape.size()) - first)
        eddl::invalid("unsqueeze", "axis ", axis, " of shape ", shape);
    shape.insert(shape.begin() + first + axis, 1);
    return shape;
}

vector<string> split_string(const string& str, const char& delimiter) {
    vector<string> parts;
    std::istringstream stream(str);
    for (string part; std::getline(stream, part, delimiter);) parts.push_back(part);
    return parts;
}

string get_extension(string filename) {
    const std::size_t dot = filename.rfind('.');
    return dot == string::npos ? "" : filename.substr(dot + 1);
}

string bytes2human(unsigned long long int bytes, int decimals) {
    static const char* const UNITS[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024.0) {
        value /= 1024.0;
        ++unit;
    }
    char text[64];
    std::snprintf(text, sizeof text, "%.*f%s", unit == 0 ? 0 : decimals, value, UNITS[unit]);
    return text;
}

void* eddl_malloc(std::size_t size, const string& str_info) {
    constexpr std::size_t ALIGNMENT = 64;
    void* memory = nullptr;
    // Also for size 0: a tensor without elements still has an address.
    if (posix_memalign(&memory, ALIGNMENT, std::max(size, ALIGNMENT)) != 0) {
        eddl::failed(str_info.empty() ? "eddl_malloc" : str_info, "no memory for ", bytes2human(size));
    }
    return memory;
}

void eddl_free(void* ptr) { std::free(ptr); }

float* get_fmem(unsigned long int size, const string& str) {
    return static_cast<float*>(eddl_malloc(size * sizeof(float), str));
}

float* get_zeros(unsigned long int size, const string& str) {
    const std::size_t bytes = size * sizeof(float);
    char* const begin = static_cast<char*>(eddl_malloc(bytes, str));
    char* zero_from = begin;
#ifdef __linux__
    // Pages that are given back read as zeros until they are written, and take no memory so long.
    constexpr std::size_t PAGE = 4096, LARGE = std::size_t{1} << 20;
    if (bytes >= LARGE && sysconf(_SC_PAGESIZE) == static_cast<long>(PAGE)) {
        const std::size_t before = (PAGE - reinterpret_cast<std::uintptr_t>(begin) % PAGE) % PAGE;
        const std::size_t whole_pages = (bytes - before) / PAGE * PAGE;
        if (madvise(begin + before, whole_pages, MADV_DONTNEED) == 0) {
            std::fill(begin, begin + before, 0);
            zero_from = begin + before + whole_pages;
        }
    }
#endif
    std::fill(zero_from, begin + bytes, 0);
    return reinterpret_cast<float*>(begin);
}
