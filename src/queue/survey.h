// What a queue's directory holds, looked at from outside: without its lock, and without changing a byte.
// Blocks on the disk. Errors: the directory cannot be listed; files that cannot be read are left out.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "fs/filesystem.h"

namespace invar::queue {

struct Survey {
  std::uint64_t records = 0, bytes = 0;  // pending ones, with their frames
  UnixNanos oldest_taken_unix_ns = 0;    // 0: there are none
};
Result<Survey> survey(fs::FileSystem& files, const std::string& directory);

}  // namespace invar::queue
