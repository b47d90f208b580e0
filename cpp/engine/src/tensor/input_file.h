// Files that are read: nothing in them is trusted.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

namespace eddl {

constexpr std::size_t MAX_DIMENSIONS = 64;  // of a tensor in a file

// std::runtime_error where there is no such file, or something that may never end, as a device does.
std::ifstream open_to_read(const std::string& function, const std::string& filename);

// std::runtime_error unless what is left of the file holds a tensor of this shape, of `element` bytes a value. To be
// asked before memory is taken for it.
void require_values_left(const std::string& function, std::istream& file, const std::vector<int>& shape,
                         std::size_t element);

}  // namespace eddl
