// Text of a recording: a tag says how it is encoded (pyroscope-java.md 7).
// Errors: the cursor's; text longer than asked for (bytes, or chars where it is kept so) fails it, too.   Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "jfr/cursor.h"

namespace invar::jfr {

void skip_text(Cursor& in);

struct Text {
  bool null = false;
  std::optional<std::uint64_t> constant;  // stands in the String pool under this key
  std::string utf8;                       // valid: what was not is U+FFFD
};
Text read_text(Cursor& in, std::size_t limit);

}  // namespace invar::jfr
