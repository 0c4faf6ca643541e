// Function names as people read them in a flame graph: the C++ name without return type, parameters and
// template arguments. "std::vector<int>::push_back(int const&)" -> "std::vector::push_back". Threads: any;
// pure.
#pragma once

#include <string>
#include <string_view>

namespace invar::symbols {

std::string demangle(std::string_view symbol);  // the full C++ form; other symbols as they are
std::string short_name(std::string_view demangled);

}  // namespace invar::symbols
