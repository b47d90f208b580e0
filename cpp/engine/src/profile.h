// Where the time of a run goes, by kind of work: what show_profile prints.
#pragma once

#include <chrono>
#include <typeinfo>

namespace eddl {

// Adds a call of `work` ("forward", …; a literal) on an object of this type.
void count_call(const std::type_info &type, const char *work, std::chrono::nanoseconds time);

// Calls and counts. A call that throws does not count.
template <typename Object, typename Call>
void profiled(const Object &object, const char *work, Call call) {
    const auto start = std::chrono::steady_clock::now();
    call();
    count_call(typeid(object), work, std::chrono::steady_clock::now() - start);
}

void print_profile();  // on the standard output, what took longest first
void clear_profile();

}  // namespace eddl
