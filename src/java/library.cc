#include "java/library.h"

#include <fmt/format.h>

#include "base/check.h"
#include "codec/gzip.h"
#include "codec/hash.h"

namespace invar::java {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;

}  // namespace

LibraryPtr make_library(std::string content) {
  auto library = std::make_shared<Library>();
  library->folder = fmt::format("invar-asprof-{:016x}", codec::fnv1a(content));
  library->content = std::move(content);
  return library;
}

bool has_embedded_library() {
  return !embedded_profiler().empty();
}

Result<LibraryPtr> embedded_library() {
  if (!has_embedded_library()) return fail(ErrorCode::kNotFound, "built without async-profiler: set dist");
  static const LibraryPtr library = [] {
    std::string content;
    const auto unpacked = codec::Inflater().gunzip(embedded_profiler(), kMostBytes, content);
    INVAR_CHECK(unpacked.has_value(), "the async-profiler built in is damaged");
    return make_library(std::move(content));
  }();
  return library;
}

}  // namespace invar::java
