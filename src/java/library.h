// Library: the async-profiler that is put into JVMs: the one built in, or the user's.
// Threads: any; immutable.   Errors: kNotFound when there is none.   Source: pyroscope-java.md 4.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::java {

struct Library {
  std::string content;
  std::string folder;  // a name that tells it from other versions: "invar-asprof-1b2c..."
};
using LibraryPtr = std::shared_ptr<const Library>;

LibraryPtr make_library(std::string content);

// Unpacked at the first call. "built without async-profiler: set dist".
Result<LibraryPtr> embedded_library();
bool has_embedded_library();

// gzip; empty when the build had none. Written by cmake/async_profiler.cmake.
std::string_view embedded_profiler();

}  // namespace invar::java
