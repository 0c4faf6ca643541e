// The text of one log record. Pure. Spec: runtime.md 12.1.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/log.h"

namespace invar::log {

struct Record {
  UnixNanos time_unix_ns = 0;
  Level level = Level::kInfo;
  std::string_view message;
  std::span<const Field> bound;   // fields of the logger, first
  std::span<const Field> fields;  // fields of the call
};

// One line with its '\n'.
std::string format_record(Format format, const Record& record);

}  // namespace invar::log
