// The same profile, taken at another time: what a replay sends. Everything else stays as it is, byte for byte.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace invar::pprof {

// `raw`: uncompressed. Errors: kInvalidArgument when it is no protobuf message.
Result<std::string> with_time(std::string_view raw, UnixNanos unix_ns);

}  // namespace invar::pprof
