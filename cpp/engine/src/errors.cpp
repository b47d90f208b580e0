#include "errors.h"

namespace eddl {

namespace {

// How many bytes the character at `i` has; 0 where there is none that is well-formed and plain.
std::size_t character_length(const std::string& text, std::size_t i) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(i);
    if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
    const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    if (length == 0 || i + length > text.size()) return 0;
    for (std::size_t k = 1; k < length; ++k)
        if ((byte(i + k) & 0xc0) != 0x80) return 0;
    // Longer forms of short characters, surrogates, and what is beyond Unicode.
    const unsigned char second = byte(i + 1);
    const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
                       (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90) ||
                       (first == 0xc2 && second < 0xa0);
    return wrong ? 0 : length;
}

}  // namespace

std::string readable(const std::string& text, std::size_t most) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        if (i >= most) return result + "...";
        const std::size_t length = character_length(text, i);
        result += length == 0 ? "?" : text.substr(i, length);
        i += length == 0 ? 1 : length;
    }
    return result;
}

}  // namespace eddl
