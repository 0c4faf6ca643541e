// What the server would refuse anyway is refused here: a body that is no profile, or one without a positive value (which
// a Pyroscope server answers with a 500 that looks temporary). Only for bodies that nobody has looked into yet.
// Threads: any; CPU-heavy: worker pool. Source: decision 15.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace invar::delivery {

struct LocalCheck {
  enum class Verdict { kGood, kEmpty, kNoProfile, kTooLarge };
  Verdict verdict = Verdict::kGood;
  std::string error;  // of kNoProfile and kTooLarge
  bool lacks_time = false;
  UnixNanos time_unix_ns = 0;   // its own; 0 when it has none
  std::uint64_t raw_bytes = 0;  // uncompressed
};

// A larger body, uncompressed, is kTooLarge: the server takes 256 MB at most, whatever it is set up for.
inline constexpr std::uint64_t kMostRawBytes = std::uint64_t{256} << 20;
LocalCheck check_locally(std::string_view body);

}  // namespace invar::delivery
