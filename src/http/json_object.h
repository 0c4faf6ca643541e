// The little JSON that token servers speak: the scalar members of one top-level object.
// Bounds: nesting at most 64 deep; the caller limits the size. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::http {

struct JsonScalar {
  enum class Kind { kNull, kBool, kNumber, kString, kCompound } kind = Kind::kNull;
  std::string text;  // decoded string, or the literal as written; empty for objects and arrays
};

Result<std::map<std::string, JsonScalar>> parse_json_object(std::string_view text);

}  // namespace invar::http
