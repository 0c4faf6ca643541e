#include "components/discovery/file/scan.h"

#include <set>

#include "components/discovery/file/target_file.h"
#include "fs/glob.h"

namespace invar::components::discovery_file {
namespace {

Result<FileTargets> read_targets(const std::string& path, fs::FileSystem& files) {
  const auto format = file_format(path);
  if (!format) return fail(ErrorCode::kInvalidArgument, path + ": unknown kind of file");
  INVAR_ASSIGN_OR_RETURN(const std::string text, files.read_file(path, kMaxFileBytes));
  auto groups = parse_target_file(text, *format);
  if (!groups) return std::unexpected(groups.error().wrapped(path));
  FileTargets found{.groups = groups->size()};
  for (auto& group : *groups) {
    group.labels["__meta_filepath"] = path;
    append_targets(group, found.targets);
  }
  return found;
}

}  // namespace

Scan scan_files(const std::vector<std::string>& patterns, fs::FileSystem& files) {
  const auto began = std::chrono::steady_clock::now();
  Scan scan;
  for (const std::string& pattern : patterns) {
    for (const std::string& path : fs::expand_glob(pattern, files)) {
      if (scan.files.contains(path)) continue;
      const auto stat = files.stat(path);
      auto found = read_targets(path, files);
      if (!found && found.error().code == ErrorCode::kNotFound) continue;  // gone since it was listed
      scan.files.emplace(path, ScannedFile{std::move(found), stat ? stat->mtime_unix_ns : 0});
    }
  }
  scan.took = std::chrono::steady_clock::now() - began;
  return scan;
}

std::vector<std::string> directories_of(const std::vector<std::string>& patterns) {
  std::set<std::string> directories;
  for (const std::string& pattern : patterns) {
    // Up to the first part with a wildcard: deeper changes are found at the next interval.
    std::string directory = pattern;
    do {
      const std::size_t slash = directory.rfind('/');
      directory = slash == std::string::npos ? "." : slash == 0 ? "/" : directory.substr(0, slash);
    } while (fs::has_wildcard(directory));
    directories.insert(directory);
  }
  return {directories.begin(), directories.end()};
}

}  // namespace invar::components::discovery_file
