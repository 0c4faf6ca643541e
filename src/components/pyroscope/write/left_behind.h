// The queues on disk of endpoints that are no longer configured: emptied, and what was in them told, so that it can be
// counted. Blocks: worker pool. Errors: a queue that cannot be opened is left for the next start.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fs/filesystem.h"

namespace invar::components::pyroscope_write {

struct LeftBehind {
  std::string destination, type;
};
// Every directory in `parent` but `in_use` (names).
std::vector<LeftBehind> empty_unused_queues(const std::shared_ptr<fs::FileSystem>& files,
                                            const std::string& parent, const std::set<std::string>& in_use);

}  // namespace invar::components::pyroscope_write
