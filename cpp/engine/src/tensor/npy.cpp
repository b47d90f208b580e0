#include "tensor/npy.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string_view>

#include "tensor/input_file.h"
#include "tensor/support.h"

namespace {

const char MAGIC[] = "\x93NUMPY";
constexpr std::size_t MAGIC_LENGTH = 6;
constexpr std::size_t HEADER_ALIGNMENT = 64;
constexpr std::size_t MAX_HEADER = 65536;
const char* const NAME = "Tensor::load";

void read_bytes(std::istream& file, void* bytes, std::size_t n) {
    file.read(static_cast<char*>(bytes), static_cast<std::streamsize>(n));
    if (!file) eddl::failed(NAME, "the npy file ends too early");
}

std::string read_header(std::istream& file) {
    char start[MAGIC_LENGTH + 2];
    read_bytes(file, start, sizeof start);
    if (std::memcmp(start, MAGIC, MAGIC_LENGTH) != 0) eddl::failed(NAME, "not an npy file");
    unsigned char length[4] = {};
    read_bytes(file, length, start[MAGIC_LENGTH] == 1 ? 2 : 4);
    const std::size_t n = length[0] | length[1] << 8 | length[2] << 16 | std::size_t{length[3]} << 24;
    if (n > MAX_HEADER) eddl::failed(NAME, "an npy header of ", n, " bytes");
    std::string header(n, ' ');
    read_bytes(file, &header[0], n);
    return header;
}

// The text behind "'key':".
std::string_view value_of(std::string_view header, const std::string& key) {
    const std::string quoted = "'" + key + "'";
    const auto skip = [&](std::size_t n) {
        header.remove_prefix(std::min(n, header.size()));
        header.remove_prefix(std::min(header.find_first_not_of(" \t"), header.size()));
    };
    const std::size_t at = header.find(quoted);
    if (at == header.npos) eddl::failed(NAME, "an npy header without ", quoted);
    skip(at + quoted.size());
    if (header.empty() || header.front() != ':') eddl::failed(NAME, "an npy header without a value of ", quoted);
    skip(1);
    return header;
}

// What stands between the first character, `open`, and the next `close`.
std::string_view enclosed(std::string_view text, char open, char close) {
    const std::size_t end = text.find(close, 1);
    if (text.empty() || text.front() != open || end == text.npos) {
        eddl::failed(NAME, "an npy header with a value that is not between ", open, " and ", close);
    }
    return text.substr(1, end - 1);
}

// "3, 4" or "3,"
std::vector<int> parse_shape(std::string_view text) {
    std::vector<int> shape;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
        if (text.empty()) return shape;
        int extent = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), extent);
        text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
        if (parsed.ec != std::errc() || extent < 0 || (!text.empty() && text.front() != ' ' && text.front() != ',')) {
            eddl::failed(NAME, "an npy file with a shape that is none");
        }
        shape.push_back(extent);
    }
}

template <typename T>
Tensor* read_as(std::istream& file, const std::vector<int>& shape) {
    eddl::require_values_left(NAME, file, shape, sizeof(T));
    return eddl::make_tensor(shape, [&](Tensor* result) {
        std::vector<T> values(4096);
        for (std::size_t done = 0; done < result->size;) {
            const std::size_t n = std::min(values.size(), result->size - done);
            read_bytes(file, values.data(), n * sizeof(T));
            for (std::size_t i = 0; i < n; ++i) result->ptr[done++] = static_cast<float>(values[i]);
        }
    });
}

struct Type {
    const char* name;
    Tensor* (*read)(std::istream&, const std::vector<int>& shape);
};
const Type TYPES[] = {
    {"<f4", read_as<float>},         {"<f8", read_as<double>},        {"<i4", read_as<std::int32_t>},
    {"<i8", read_as<std::int64_t>},  {"<i2", read_as<std::int16_t>},  {"<u2", read_as<std::uint16_t>},
    {"|i1", read_as<std::int8_t>},   {"|u1", read_as<std::uint8_t>},  {"|b1", read_as<std::uint8_t>},
    {"<u4", read_as<std::uint32_t>}, {"<u8", read_as<std::uint64_t>},
};

}  // namespace

Tensor* eddl::read_npy(std::istream& file) {
    const std::string header = read_header(file);
    const std::string_view type = enclosed(value_of(header, "descr"), '\'', '\'');
    if (value_of(header, "fortran_order").substr(0, 5) != "False") failed(NAME, "an npy file in Fortran order");
    const std::vector<int> shape = parse_shape(enclosed(value_of(header, "shape"), '(', ')'));
    for (const Type& known : TYPES) {
        if (type == known.name) return known.read(file, shape);
    }
    failed(NAME, "an npy file of type '", readable(std::string(type), 60), "'");
}

void eddl::write_npy(std::ostream& file, const Tensor* t) {
    std::ostringstream header;
    header << "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    for (int d : t->shape) header << d << ", ";
    header << "), }";
    std::string text = header.str();
    const std::size_t before = MAGIC_LENGTH + 4;  // magic, version and length
    text.append(HEADER_ALIGNMENT - 1 - (before + text.size()) % HEADER_ALIGNMENT, ' ');
    text += '\n';
    const char version_and_length[] = {1, 0, static_cast<char>(text.size() & 0xff),
                                       static_cast<char>(text.size() >> 8)};
    file.write(MAGIC, MAGIC_LENGTH).write(version_and_length, sizeof version_and_length) << text;
    file.write(reinterpret_cast<const char*>(t->ptr), static_cast<std::streamsize>(t->size * sizeof(float)));
}
