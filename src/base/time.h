// Time in the forms that users meet: Go duration text and RFC 3339 instants.
// Units: Duration is nanoseconds; an instant is Unix nanoseconds (UTC). Spec: language.md 7.1 (durations), runtime.md 12.1 (ts).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar {

using Duration = std::chrono::nanoseconds;
using UnixNanos = std::int64_t;

// 100 years: what users write for "never" (the most a Duration holds is 292 years) is cut to this where it comes
// in, so that an instant and a duration, or two durations, can be added anywhere.
constexpr Duration kForever = std::chrono::hours(876'000);

// "1h30m", "-1.5s", "0". Errors carry Go's texts: `time: invalid duration "x"`, `time: missing unit in duration "5"`,
// `time: unknown unit "d" in duration "1d"`.
Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration value);  // canonical: 90s -> "1m30s", 0 -> "0s"

// UTC, nine fractional digits at most, trailing zeros trimmed: "2026-08-21T13:40:27.123456789Z".
std::string format_rfc3339(UnixNanos unix_ns);
// Accepts "Z" or a numeric offset and any number of fractional digits.
Result<UnixNanos> parse_rfc3339(std::string_view text);

}  // namespace invar
