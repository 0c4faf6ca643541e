// LZW as memberlist compresses with it: codes from the lowest bit on, 8-bit literals, 256 clears, 257 ends.
// Errors: damaged or more than `max_bytes`. Spec: clustering.md 6.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::cluster {

Result<std::string> lzw_decompress(std::string_view bytes, std::size_t max_bytes);

}  // namespace invar::cluster
