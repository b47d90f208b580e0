// Tensors in files and in memory: EDDL's binary format and text; other sources know NumPy's format and images. The
// binary format is the number of dimensions and the dimensions as 32-bit integers, then the values as floats, all in
// the machine's byte order.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tensor/image_file.h"
#include "tensor/input_file.h"
#include "tensor/npy.h"
#include "tensor/support.h"

namespace {

struct TextFormat {
    const char* name;
    char delimiter;
};
constexpr TextFormat TEXT_FORMATS[] = {{"csv", ','}, {"tsv", '\t'}, {"txt", ' '}};

// The delimiter of a text format, or 0.
char delimiter_of(const std::string& format) {
    for (const TextFormat& text : TEXT_FORMATS) {
        if (format == text.name) return text.delimiter;
    }
    return 0;
}

[[noreturn]] void refuse_format(const char* function, const std::string& format) {
    eddl::invalid(function, "unknown format '", format, "'; the formats are bin, csv, tsv, txt, npy, and of images ",
                  "bmp, jpg, png, tga (and to read only gif, hdr, pgm, pic, ppm, psd)");
}

std::ofstream open_to_write(const char* function, const std::string& filename) {
    std::ofstream file(filename, std::ios::binary);
    if (!file) eddl::failed(function, "cannot write the file '", filename, "'");
    return file;
}

// What goes wrong while `use` reads or writes a file is told with the file's name.
template <typename Use>
auto with_name_of(const std::string& filename, const char* function, const Use& use) {
    try {
        return use();
    } catch (const std::runtime_error& error) {
        eddl::failed(function, "'", filename, "': ", error.what());
    }
}

void require_written(const char* function, std::ofstream& file) {
    if (!file.flush()) eddl::failed(function, "writing failed");
}

template <typename T>
void read_values(std::istream& file, T* values, std::size_t n) {
    file.read(reinterpret_cast<char*>(values), static_cast<std::streamsize>(n * sizeof(T)));
    if (!file) eddl::failed("Tensor::load", "the file ends too early");
}

template <typename T>
void write_values(std::ostream& file, const T* values, std::size_t n) {
    file.write(reinterpret_cast<const char*>(values), static_cast<std::streamsize>(n * sizeof(T)));
}

bool is_number_of_dimensions(int n) { return n >= 0 && static_cast<std::size_t>(n) <= eddl::MAX_DIMENSIONS; }

// Rows [first, last) of the tensor that follows, or all of it where last < 0.
Tensor* read_bin(std::istream& file, int first, int last) {
    const char* const name = "Tensor::load";
    int ndim = 0;
    read_values(file, &ndim, 1);
    if (!is_number_of_dimensions(ndim)) eddl::failed(name, "not a tensor file: ", ndim, " dimensions");
    std::vector<int> shape(static_cast<std::size_t>(ndim));
    read_values(file, shape.data(), shape.size());
    eddl::require_values_left(name, file, shape, sizeof(float));
    if (last >= 0) {
        if (shape.empty() || first < 0 || first > last || last > shape[0]) {
            eddl::invalid("Tensor::load_partial", "rows [", first, ", ", last, ") of shape ", shape);
        }
        const std::streamoff row = std::streamoff{shape2stride(shape)[0]} * std::streamoff{sizeof(float)};
        file.seekg(first * row, std::ios::cur);
        shape[0] = last - first;
    }
    return eddl::make_tensor(shape, [&](Tensor* result) { read_values(file, result->ptr, result->size); });
}

void write_bin(std::ostream& file, const Tensor* t) {
    const int ndim = static_cast<int>(t->ndim);
    write_values(file, &ndim, 1);
    write_values(file, t->shape.data(), t->shape.size());
    write_values(file, t->ptr, t->size);
}

// The numbers of one line; false if there is something else.
bool parse_line(const std::string& line, char delimiter, std::vector<float>* values) {
    const char* at = line.data();
    const char* const end = at + line.size();
    const auto skip_blanks = [&] {
        while (at != end && *at != delimiter && std::isspace(static_cast<unsigned char>(*at))) ++at;
    };
    while (true) {
        skip_blanks();
        float value = 0.0f;
        const auto parsed = std::from_chars(at, end, value);
        if (parsed.ec != std::errc()) return false;
        values->push_back(value);
        at = parsed.ptr;
        skip_blanks();
        if (at == end) return true;
        if (*at++ != delimiter) return false;
    }
}

// Lines of numbers, as many on each; a first line that is not numbers is a header.
Tensor* read_text(std::istream& file, char delimiter) {
    std::vector<float> values;
    int rows = 0;
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        const std::size_t before = values.size();
        if (!parse_line(line, delimiter, &values)) {
            values.resize(before);
            if (number == 1) continue;
            eddl::failed("Tensor::load", "line ", number, " is not a row of numbers: '", eddl::readable(line, 60), "'");
        }
        ++rows;
        if (values.size() != (values.size() - before) * static_cast<std::size_t>(rows)) {
            eddl::failed("Tensor::load", "line ", number, " has ", values.size() - before,
                         " values, unlike those before");
        }
    }
    if (rows == 0) eddl::failed("Tensor::load", "the file holds no numbers");
    return new Tensor(values, {rows, static_cast<int>(values.size()) / rows});
}

// Each value in the fewest digits that read back as the same float.
void write_text(std::ostream& file, const Tensor* t, char delimiter, const std::vector<std::string>& header) {
    eddl::require_ndim("Tensor::save2txt", t, 2);
    const auto separator = [&](std::size_t i, std::size_t n) { return i + 1 == n ? '\n' : delimiter; };
    for (std::size_t i = 0; i < header.size(); ++i) file << header[i] << separator(i, header.size());
    const auto columns = static_cast<std::size_t>(t->shape[1]);
    for (std::size_t i = 0; i < t->size; ++i) {
        char text[32];
        const auto written = std::to_chars(text, text + sizeof text, t->ptr[i]);
        file.write(text, written.ptr - text) << separator(i % columns, columns);
    }
}

}  // namespace

Tensor* Tensor::load(const string& filename, string format) {
    const char* const name = "Tensor::load";
    if (format.empty()) format = get_extension(filename);
    const bool is_image = eddl::is_image_format(format);
    if (!is_image && format != "bin" && format != "npy" && delimiter_of(format) == 0) refuse_format(name, format);
    std::ifstream file = eddl::open_to_read(name, filename);
    return with_name_of(filename, name, [&] {
        return is_image ? eddl::decode_image({std::istreambuf_iterator<char>(file), {}}) : loadfs(file, format);
    });
}

Tensor* Tensor::loadfs(std::ifstream& ifs, const string& format) {
    if (format == "bin") return read_bin(ifs, 0, -1);
    if (format == "npy") return eddl::read_npy(ifs);
    if (const char delimiter = delimiter_of(format)) return read_text(ifs, delimiter);
    refuse_format("Tensor::load", format);
}

Tensor* Tensor::load_partial(const string& filename, int start_row, int end_row) {
    const char* const name = "Tensor::load_partial";
    if (get_extension(filename) != "bin") refuse_format(name, get_extension(filename));
    std::ifstream file = eddl::open_to_read(name, filename);
    return with_name_of(filename, name, [&] { return read_bin(file, start_row, end_row); });
}

void Tensor::save(const string& filename, string format) {
    const char* const name = "Tensor::save";
    if (format.empty()) format = get_extension(filename);
    const bool text = delimiter_of(format) != 0;
    // Before a file is opened, and so emptied.
    if (text) eddl::require_ndim(name, this, 2);
    const bool is_image = eddl::is_writable_image(format);
    if (!text && !is_image && format != "bin" && format != "npy") refuse_format(name, format);
    const std::string image = is_image ? eddl::encode_image(name, this, format) : "";
    std::ofstream file = open_to_write(name, filename);
    with_name_of(filename, name, [&] {
        if (!is_image) return savefs(file, format);
        file.write(image.data(), static_cast<std::streamsize>(image.size()));
        require_written(name, file);
    });
}

void Tensor::savefs(std::ofstream& ofs, string format) {
    if (format == "bin") {
        write_bin(ofs, this);
    } else if (format == "npy") {
        eddl::write_npy(ofs, this);
    } else if (const char delimiter = delimiter_of(format)) {
        write_text(ofs, this, delimiter, {});
    } else {
        refuse_format("Tensor::save", format);
    }
    require_written("Tensor::save", ofs);
}

void Tensor::save2txt(const string& filename, char delimiter, const vector<string>& header) {
    const char* const name = "Tensor::save2txt";
    eddl::require_ndim(name, this, 2);
    std::ofstream file = open_to_write(name, filename);
    with_name_of(filename, name, [&] {
        write_text(file, this, delimiter, header);
        require_written(name, file);
    });
}

std::pair<void*, std::size_t> Tensor::save2ptr() {
    std::ostringstream buffer(std::ios::binary);
    write_bin(buffer, this);
    const string bytes = buffer.str();
    void* memory = eddl_malloc(bytes.size(), "Tensor::save2ptr");
    std::memcpy(memory, bytes.data(), bytes.size());
    return {memory, bytes.size()};
}

Tensor* Tensor::load_from_ptr(void* src) {
    if (src == nullptr) eddl::invalid("Tensor::load_from_ptr", "expected an address, received none");
    const char* at = static_cast<const char*>(src);
    const auto take = [&at](void* values, std::size_t bytes) {
        std::memcpy(values, at, bytes);
        at += bytes;
    };
    int ndim = 0;
    take(&ndim, sizeof ndim);
    if (!is_number_of_dimensions(ndim)) eddl::invalid("Tensor::load_from_ptr", "not a tensor: ", ndim, " dimensions");
    vector<int> shape(static_cast<std::size_t>(ndim));
    take(shape.data(), shape.size() * sizeof(int));
    return eddl::make_tensor(shape, [&](Tensor* result) { take(result->ptr, result->size * sizeof(float)); });
}
