// Instants, ages, sizes and values as people write them on a command line and read them in a table. Times are UTC.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace invar::archive_tool {

// "now", "90m" (so long before now; units of Go and d, w), "2026-08-21", "2026-08-21 13:40[:27]", RFC 3339,
// or Unix seconds.
Result<UnixNanos> parse_when(std::string_view text, UnixNanos now);
// A duration with Go's units and d, w: "36h", "7d", "1w2d".
Result<Duration> parse_age(std::string_view text);

// "b.pb.gz" of "a/b.pb.gz"
std::string_view base_name(std::string_view path);

std::string show_time(UnixNanos unix_ns);  // "2026-08-21 13:40:27"
// "1.5 MiB", "2.41 s", "1234", as the unit of a sample type asks for.
std::string show_value(std::int64_t value, std::string_view unit);
std::string show_share(std::int64_t value, std::int64_t total);  // "12.3%"
// "512 MB", "10GiB", "1048576"
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace invar::archive_tool
