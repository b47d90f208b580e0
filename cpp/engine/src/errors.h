// How the engine says no: one helper for what it lacks, one for arguments it cannot accept.
#pragma once

#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace eddl {

// Something EDDL has and this engine does not (yet).
class NotAvailable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

[[noreturn]] inline void not_available(const std::string& what) {
    throw NotAvailable(what + " is not available in the embedded engine; install EDDL and build with EDDL_DIR set");
}

// Text from a file as people and Python can read it: what is not UTF-8, and what controls terminals, becomes '?'. What
// is longer than `most` bytes is cut off.
std::string readable(const std::string& text, std::size_t most = std::string::npos);

// "[2, 3, 4]"
template <typename T>
std::string to_text(const std::vector<T>& values) {
    std::ostringstream text;
    text << '[';
    for (std::size_t i = 0; i < values.size(); ++i) text << (i ? ", " : "") << values[i];
    text << ']';
    return text.str();
}

namespace detail {
template <typename T>
void write_part(std::ostream& os, const T& part) { os << part; }
template <typename T>
void write_part(std::ostream& os, const std::vector<T>& part) { os << to_text(part); }
}  // namespace detail

// Joins the parts (shapes included) behind "function: ".
template <typename... Parts>
std::string describe(const std::string& function, const Parts&... parts) {
    std::ostringstream text;
    text << function << ": ";
    (detail::write_part(text, parts), ...);
    return text.str();
}

// A bad argument. Name what was expected and what was received.
template <typename... Parts>
[[noreturn]] void invalid(const std::string& function, const Parts&... parts) {
    throw std::invalid_argument(describe(function, parts...));
}

// The arguments are fine, the world is not: a file that is absent, truncated, not writable.
template <typename... Parts>
[[noreturn]] void failed(const std::string& function, const Parts&... parts) {
    throw std::runtime_error(describe(function, parts...));
}

}  // namespace eddl
