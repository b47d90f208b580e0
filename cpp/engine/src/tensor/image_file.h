// Image files to and from bytes, by stb_image where the engine was built with it.
#pragma once

#include <string>

#include "eddl/tensor/tensor.h"

namespace eddl {

// Whether the engine was built with stb_image; without it the functions below throw NotAvailable.
bool has_image_files();

bool is_image_format(const std::string& format);     // one that decode_image reads
bool is_writable_image(const std::string& format);   // one that encode_image writes

// [channels, height, width], values 0 to 255. std::runtime_error on what is no image.
Tensor* decode_image(const std::string& bytes);

// The bytes of a file. `image` is [height, width], [channels, height, width] or [1, channels, height, width] of at most
// 4 channels; values are cut off to whole numbers from 0 to 255.
std::string encode_image(const std::string& function, const Tensor* image, const std::string& format);

}  // namespace eddl
