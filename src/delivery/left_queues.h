// Left queues: the queues on disk of what is no longer configured. Those of single endpoints are emptied, and what was in them told, so
// that it can be counted; those of whole components stay until the component comes back, and are only looked at.
// Blocks: worker pool. Errors: a queue that cannot be opened is left for the next start.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "fs/filesystem.h"

namespace invar::delivery {

struct LeftProfile {
  std::string destination, type;
};
// Every directory in `parent` but `in_use` (names).
std::vector<LeftProfile> empty_left_queues(const std::shared_ptr<fs::FileSystem>& files,
                                           const std::string& parent, const std::set<std::string>& in_use);

struct LeftQueue {
  std::string component_id;
  std::string directory;
  std::uint64_t profiles = 0, bytes = 0;
  UnixNanos oldest_unix_ns = 0;
};
// In the storage directory, of components that are not `configured` (global ids), also those of modules; without the empty ones.
std::vector<LeftQueue> find_left_queues(fs::FileSystem& files, const std::string& storage,
                                        const std::set<std::string>& configured);

}  // namespace invar::delivery
