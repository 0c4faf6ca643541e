// Profiles as words, for cases: `heap 100 6400`, `cpu main.a 3 main.b 5`. Each group of numbers is one stack, named by the word
// before it (main.work when there is none); the values of all stacks together are the totals.
//   heap OBJECTS BYTES (in use: 1 object, 64 bytes)   cpu SAMPLES (10 ms each)   goroutine COUNT   mutex CONTENTIONS DELAY
// Pure; threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace invar::app::testing {

bool is_profile_word(std::string_view word);
// gzip. `words` begins with the kind.
Result<std::string> make_profile(const std::vector<std::string>& words, UnixNanos time_unix_ns);

// "alloc_objects=50 alloc_space=3200 ...", or what the bytes are instead.
std::string profile_totals(std::string_view body);

}  // namespace invar::app::testing
