// One look at all files of discovery.file: expands the patterns, reads, parses and makes the targets, of which there may be
// thousands. Blocks: worker pool only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "component/target_group.h"
#include "fs/filesystem.h"

namespace invar::components::discovery_file {

inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 20;

struct FileTargets {
  std::size_t groups = 0;
  component::Targets targets;
};
struct ScannedFile {
  Result<FileTargets> found;
  UnixNanos mtime_unix_ns = 0;
};
struct Scan {
  std::map<std::string, ScannedFile> files;  // by path as matched
  Duration took{};
};

Scan scan_files(const std::vector<std::string>& patterns, fs::FileSystem& files);

// The directories to watch for the patterns: sorted, each once.
std::vector<std::string> directories_of(const std::vector<std::string>& patterns);

}  // namespace invar::components::discovery_file
