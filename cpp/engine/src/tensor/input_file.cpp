#include "tensor/input_file.h"

#include <filesystem>

#include "errors.h"

namespace eddl {

namespace {

// Bytes from the present position to the end.
std::streamoff bytes_left(std::istream& file) {
    const std::streamoff here = file.tellg();
    file.seekg(0, std::ios::end);
    const std::streamoff end = file.tellg();
    file.seekg(here);
    return end - here;
}

}  // namespace

std::ifstream open_to_read(const std::string& function, const std::string& filename) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(filename, error)) failed(function, "there is no file '", filename, "'");
    std::ifstream file(filename, std::ios::binary);
    if (!file) failed(function, "cannot read the file '", filename, "'");
    return file;
}

void require_values_left(const std::string& function, std::istream& file, const std::vector<int>& shape,
                         std::size_t element) {
    if (shape.size() > MAX_DIMENSIONS) failed(function, "not a tensor file: ", shape.size(), " dimensions");
    // In double, which cannot overflow.
    auto bytes = static_cast<double>(element);
    for (int d : shape) {
        if (d < 0) failed(function, "not a tensor file: shape ", shape);
        bytes *= d;
    }
    // (Infinity times 0 is no number.)
    if (!(bytes <= static_cast<double>(bytes_left(file)))) {
        failed(function, "the file ends before the values of shape ", shape);
    }
}

}  // namespace eddl
