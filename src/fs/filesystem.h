// FileSystem: the disk seam. Everything that Invar keeps on disk goes through it: archives, queue segments, baselines.
// Implementations: posix(), in-memory (fs/testing), fault-injecting wrapper (fs/testing).
// Threads: calls block; call them on the worker pool (or at start and in tools). Implementations are thread-safe.
// Errors:  Error with the path in its message and a code from errno (kNotFound, kPermissionDenied, kResourceExhausted ...).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace invar::fs {

struct Stat {
  std::uint64_t size_bytes = 0;
  std::uint64_t disk_bytes = 0;  // blocks really taken
  UnixNanos mtime_unix_ns = 0;
  std::uint64_t inode = 0;
  bool is_directory = false;
  bool is_regular = false;
};

// An open file. Closed by the destructor; close() reports what a delayed write error would otherwise hide.
class File {
 public:
  virtual ~File() = default;
  virtual Result<> append(std::string_view bytes) = 0;                              // all or error
  virtual Result<std::string> read_at(std::uint64_t offset, std::size_t size) = 0;  // shorter at end of file
  virtual Result<> sync_data() = 0;
  virtual Result<> truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<> close() = 0;
};

enum class EntryKind { kRegular, kDirectory, kOther };  // of the entry itself: a symlink is kOther

enum class OpenMode {
  kRead,
  kCreateNew,
  kAppend
};  // kCreateNew fails when the path exists and never follows a symlink

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode,
                                             unsigned permissions = 0640) = 0;
  virtual Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes = UINT64_MAX) = 0;
  virtual Result<Stat> stat(const std::string& path) = 0;  // follows symlinks
  virtual Result<std::vector<std::string>> list(
      const std::string& dir) = 0;  // names, unsorted, without . and ..
  // Calls `each` for every entry of `dir`, unsorted, without holding all names at once; `each` returns false to stop.
  // Here over list() and stat(); an implementation that can do it in one pass overrides it.
  virtual Result<> visit(const std::string& dir,
                         const std::function<bool(std::string_view name, EntryKind kind)>& each) {
    const auto names = list(dir);
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
      const auto entry = stat(dir + "/" + name);
      if (!entry) continue;  // gone since it was listed, or a dangling link
      const EntryKind kind = entry->is_regular     ? EntryKind::kRegular
                             : entry->is_directory ? EntryKind::kDirectory
                                                   : EntryKind::kOther;
      if (!each(name, kind)) break;
    }
    return {};
  }
  virtual Result<> make_directories(const std::string& path, unsigned permissions = 0750) = 0;
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<> remove(const std::string& path) = 0;  // a missing file is kNotFound
  virtual Result<> sync_directory(const std::string& path) = 0;
  // An exclusive lock held until the returned handle is destroyed; kUnavailable when another process (or handle) has it.
  virtual Result<std::unique_ptr<File>> lock(const std::string& path) = 0;

  // Writes `<path>.tmp` beside, optionally syncs, renames over `path`: readers see the old or the new file, never a part.
  Result<> write_file_atomically(const std::string& path, std::string_view bytes, unsigned permissions,
                                 bool sync);
};

std::shared_ptr<FileSystem> posix();

}  // namespace invar::fs
