// The same profile, taken at another time: what a replay sends. Everything else stays as it is, byte for byte.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace invar::pprof {

// `raw`: uncompressed. Errors: kInvalidArgument when it is no protobuf message.
Result<std::string> with_time(std::string_view raw, UnixNanos unix_ns);

// The same for a body as it travels, gzip or plain. Errors also: those of gunzip().
Result<std::string> body_with_time(std::string_view body, UnixNanos unix_ns, std::uint64_t limit_bytes);

// Whether a profile that was taken now can have this time. Seconds, milliseconds and microseconds taken for nanoseconds
// lie in 1970. `unix_ns` 0, none at all, is plausible.
bool is_plausible_time(UnixNanos unix_ns, UnixNanos now_unix_ns);

}  // namespace invar::pprof
