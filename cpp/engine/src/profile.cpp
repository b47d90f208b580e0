#include "profile.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

namespace eddl {

namespace {

struct Entry {
    unsigned long calls = 0;
    std::chrono::nanoseconds time{0};
};

// Nets may run in several threads.
std::mutex guard;
std::map<std::pair<std::type_index, const char *>, Entry> entries;

std::string name_of(std::type_index type) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> name(
        abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
    return status == 0 ? name.get() : type.name();
}

}  // namespace

void count_call(const std::type_info &type, const char *work, std::chrono::nanoseconds time) {
    const std::lock_guard<std::mutex> lock(guard);
    Entry &entry = entries[{type, work}];
    ++entry.calls;
    entry.time += time;
}

void print_profile() {
    const std::lock_guard<std::mutex> lock(guard);
    using Row = std::pair<std::string, Entry>;
    std::vector<Row> rows;
    double all = 0.0;
    for (const auto &[key, entry] : entries) {
        rows.emplace_back(name_of(key.first) + " " + key.second, entry);
        all += static_cast<double>(entry.time.count());
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row &a, const Row &b) { return a.second.time > b.second.time; });
    std::printf("%-40s %10s %12s %12s %7s\n", "Profile", "calls", "ms", "us/call", "%");
    for (const auto &[name, entry] : rows) {
        const double time = static_cast<double>(entry.time.count());
        std::printf("%-40s %10lu %12.3f %12.3f %7.2f\n", name.c_str(), entry.calls, time / 1e6,
                    time / 1e3 / static_cast<double>(entry.calls), all > 0.0 ? 100.0 * time / all : 0.0);
    }
    std::fflush(stdout);
}

void clear_profile() {
    const std::lock_guard<std::mutex> lock(guard);
    entries.clear();
}

}  // namespace eddl
