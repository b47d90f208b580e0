#include "tensor/npy.h"

#include <cstdint>
#include <cstring>
#include <regex>
#include <sstream>

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

// The text that matches the pattern's group, of "'key': value".
std::string entry(const std::string& header, const std::string& pattern) {
    std::smatch match;
    if (!std::regex_search(header, match, std::regex(pattern))) eddl::failed(NAME, "an npy header without ", pattern);
    return match[1];
}

template <typename T>
void read_as(std::istream& file, Tensor* t) {
    std::vector<T> values(4096);
    for (std::size_t done = 0; done < t->size;) {
        const std::size_t n = std::min(values.size(), t->size - done);
        read_bytes(file, values.data(), n * sizeof(T));
        for (std::size_t i = 0; i < n; ++i) t->ptr[done++] = static_cast<float>(values[i]);
    }
}

struct Type {
    const char* name;
    void (*read)(std::istream&, Tensor*);
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
    const std::string type = entry(header, "'descr'\\s*:\\s*'([^']*)'");
    if (entry(header, "'fortran_order'\\s*:\\s*(\\w+)") != "False") failed(NAME, "an npy file in Fortran order");
    std::vector<int> shape;
    std::istringstream dimensions(entry(header, "'shape'\\s*:\\s*\\(([\\d\\s,]*)\\)"));
    for (std::string d; std::getline(dimensions, d, ',');) {
        if (d.find_first_not_of(' ') == std::string::npos) continue;
        int extent = -1;
        if (!(std::istringstream(d) >> extent)) failed(NAME, "an npy file with a dimension of ", d);
        shape.push_back(extent);
    }
    for (const Type& known : TYPES) {
        if (type == known.name) return make_tensor(shape, [&](Tensor* result) { known.read(file, result); });
    }
    failed(NAME, "an npy file of type '", type, "'");
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
    const char version_and_length[] = {1, 0, static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
    file.write(MAGIC, MAGIC_LENGTH).write(version_and_length, sizeof version_and_length) << text;
    file.write(reinterpret_cast<const char*>(t->ptr), static_cast<std::streamsize>(t->size * sizeof(float)));
}
