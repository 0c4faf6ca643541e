// INVAR_CHECK: for our own bugs only. Prints the condition, the place and a message, then aborts; on in every build.
#pragma once

#include <string_view>

namespace invar {
[[noreturn]] void check_failed(const char* condition, const char* file, int line, std::string_view message);
}  // namespace invar

#define INVAR_CHECK(condition, message)                                 \
  do {                                                                  \
    if (!(condition)) [[unlikely]]                                      \
      ::invar::check_failed(#condition, __FILE__, __LINE__, (message)); \
  } while (false)
