#include "tensor/image_file.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>
#include <vector>

#include "tensor/support.h"

namespace eddl {

namespace {

const char* const READABLE[] = {"bmp", "gif", "hdr", "jpeg", "jpg", "pgm", "pic", "png", "ppm", "psd", "tga"};
const char* const WRITABLE[] = {"bmp", "jpeg", "jpg", "png", "tga"};

template <std::size_t n>
bool holds(const char* const (&list)[n], const std::string& format) {
    return std::find(std::begin(list), std::end(list), format) != std::end(list);
}

}  // namespace

bool is_image_format(const std::string& format) { return holds(READABLE, format); }
bool is_writable_image(const std::string& format) { return holds(WRITABLE, format); }

}  // namespace eddl

#ifdef EDDL_IMAGE_FILES

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#include <stb_image_write.h>
#pragma GCC diagnostic pop

namespace eddl {

namespace {

// A reason may quote the file.
[[noreturn]] void no_image(const std::string& reason) {
    failed("Tensor::load", "not an image that can be read: ", readable(reason));
}

constexpr std::string_view PIC = "\x53\x80\xf6\x34";

bool starts_with(const std::string& bytes, std::string_view start) {
    return bytes.compare(0, start.size(), start) == 0;
}

// The most pixels that a byte of a file can hold, by the format's first bytes: a few bytes that claim to be a huge
// image would only use up the memory.
double most_pixels_per_byte(const std::string& bytes) {
    struct Format {
        std::string_view start;
        double pixels;
    };
    constexpr Format FORMATS[] = {
        {"\x89PNG", 8 * 1032.0},  // deflate repeats 258 bytes, of 8 pixels each, in 2 bits
        {"GIF8", 4096.0},         // a code of a byte's length or more for as long a run as there are codes
        {"\xff\xd8", 8 * 64.0},   // a bit for 8 x 8 pixels of one colour
        {"BM", 8.0},              // a bit a pixel; what is compressed is not read
        {PIC, 16384.0},           // a run as long as a row, of 65,535 pixels, in 4 bytes
    };
    for (const Format& format : FORMATS) {
        if (starts_with(bytes, format.start)) return format.pixels;
    }
    return 128.0;  // the others know runs of as many
}

// [channels, height, width], read only.
struct Planes {
    const float* values;
    int channels, height, width;
};

Planes planes_of(const std::string& function, const Tensor* image) {
    std::vector<int> shape = image->shape;
    if (shape.size() == 4 && shape[0] == 1) shape.erase(shape.begin());
    if (shape.size() == 2) shape.insert(shape.begin(), 1);
    if (shape.size() != 3 || shape[0] < 1 || shape[0] > 4 || shape[1] < 1 || shape[2] < 1) {
        invalid(function, "expected one image [height, width] or [1 to 4 channels, height, width], got shape ",
                image->shape);
    }
    return {image->ptr, shape[0], shape[1], shape[2]};
}

// Channels last.
std::vector<std::uint8_t> pixels_of(const Planes& planes) {
    const std::ptrdiff_t plane = std::ptrdiff_t{planes.height} * planes.width;
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(plane * planes.channels));
    auto pixel = pixels.begin();
    for (std::ptrdiff_t i = 0; i < plane; ++i) {
        for (int c = 0; c < planes.channels; ++c) {
            const float value = planes.values[c * plane + i];
            *pixel++ = static_cast<std::uint8_t>(value >= 0.0f ? std::min(value, 255.0f) : 0.0f);  // NaN becomes 0
        }
    }
    return pixels;
}

void append(void* bytes, void* data, int size) {
    static_cast<std::string*>(bytes)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

}  // namespace

bool has_image_files() { return true; }

Tensor* decode_image(const std::string& bytes) {
    const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) no_image("the file is too large");
    const int size = static_cast<int>(bytes.size());
    int width = 0, height = 0, channels = 0;
    if (!stbi_info_from_memory(data, size, &width, &height, &channels)) no_image(stbi_failure_reason());
    if (static_cast<double>(width) * height > most_pixels_per_byte(bytes) * size)
        no_image("it is too short for its size");

    // A broken file of Softimage's crashes stb_image where it converts to fewer channels than it reads, which are four.
    const bool all_channels = starts_with(bytes, PIC);
    const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
        stbi_load_from_memory(data, size, &width, &height, &channels, all_channels ? STBI_rgb_alpha : STBI_default),
        stbi_image_free);
    if (pixels == nullptr) no_image(stbi_failure_reason());
    return make_tensor({channels, height, width}, [&](Tensor* result) {
        const std::ptrdiff_t plane = result->stride[0], stored = all_channels ? 4 : channels;
        for (std::ptrdiff_t i = 0; i < plane; ++i) {
            for (int c = 0; c < channels; ++c) result->ptr[c * plane + i] = pixels.get()[i * stored + c];
        }
    });
}

std::string encode_image(const std::string& function, const Tensor* image, const std::string& format) {
    const Planes planes = planes_of(function, image);
    const std::vector<std::uint8_t> pixels = pixels_of(planes);
    const int width = planes.width, height = planes.height, channels = planes.channels;
    constexpr int BEST_QUALITY = 100;
    std::string bytes;
    int written = 0;
    if (format == "png") {
        written = stbi_write_png_to_func(append, &bytes, width, height, channels, pixels.data(), width * channels);
    } else if (format == "bmp") {
        written = stbi_write_bmp_to_func(append, &bytes, width, height, channels, pixels.data());
    } else if (format == "tga") {
        written = stbi_write_tga_to_func(append, &bytes, width, height, channels, pixels.data());
    } else {
        written = stbi_write_jpg_to_func(append, &bytes, width, height, channels, pixels.data(), BEST_QUALITY);
    }
    if (!written) failed(function, "an image of shape ", image->shape, " cannot be written as ", format);
    return bytes;
}

}  // namespace eddl

#else

namespace eddl {

bool has_image_files() { return false; }

namespace {

[[noreturn]] void without_stb() {
    throw NotAvailable(
        "image files are not available in this embedded engine, which was built without stb_image; read and write them "
        "with another library, and use NumPy arrays: Tensor.fromarray(array), tensor.getdata()");
}

}  // namespace

Tensor* decode_image(const std::string&) { without_stb(); }
std::string encode_image(const std::string&, const Tensor*, const std::string&) { without_stb(); }

}  // namespace eddl

#endif
