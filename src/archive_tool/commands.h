// The commands of `invar archive`. User's page: docs/archive-tool.md.
// Result: an exit status (environment.h), or why nothing could be done.
#pragma once

#include <cstdint>
#include <string>

#include "archive_tool/environment.h"
#include "archive_tool/selection.h"

namespace invar::archive_tool {

struct LsOptions {
  Selection selection;
  std::string sort = "time";  // or size, type, service, name
  bool reverse = false;
  std::uint64_t limit = 0;  // 0: none
  bool json = false;
};
Result<int> ls(const Environment& environment, const LsOptions& options);

Result<int> show(const Environment& environment, const Selection& selection);

// The original bytes, one file after the other.
Result<int> cat(const Environment& environment, const Selection& selection);

// Reads every byte; exit status 1 when a file is damaged.
Result<int> verify(const Environment& environment, const Selection& selection, bool quiet);

struct PruneOptions {
  Selection selection;
  std::string older_than;  // an age or a time
  std::string max_size;    // oldest files are removed until the selected ones are no larger
  bool dry_run = false;
};
// Removes files that were stored by an archive, nothing else. At least one criterion is needed.
Result<int> prune(const Environment& environment, const PruneOptions& options);

}  // namespace invar::archive_tool
