// Directory: a folder of archive files that never grows above its limit.
//
// Before a profile is written, the oldest files are removed until it fits. The limit is over file sizes, not
// disk blocks. Only regular files with names of ours, directly inside, are counted and removed. Files appear
// whole (written as `<name>.tmp`, then renamed). A lock file keeps a second user out. 24 bytes per file.
// Errors:  kUnavailable when the folder is in use (the message names the user); kInvalidArgument for one
//          profile above the limit; kResourceExhausted for a full disk. It stays usable after any error.
// Threads: one owner at a time; every call blocks on the disk: use it on the worker pool.
// Source:  pyroscope-fsdump.md 4, 5; decision 14.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_file.h"
#include "fs/filesystem.h"

namespace invar::archive {

inline constexpr std::string_view kLockName = ".invar-archive.lock";

struct Limits {
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
  Duration max_age{0};  // 0: files never become too old
  bool sync = false;    // fsync each file and its directory before it counts as stored
  unsigned file_mode = 0640;
  bool operator==(const Limits&) const = default;
};

struct DirectoryStats {
  std::uint64_t files = 0, bytes = 0;
  UnixNanos oldest_unix_ns = 0;  // 0 when empty
  // Since it was opened:
  std::uint64_t removed_for_size = 0, removed_for_age = 0;
  std::uint64_t leftovers_removed = 0;  // unfinished files of an earlier run
};

class Directory {
 public:
  // Creates the folder when missing and locks it: a few calls, however much it holds. `owner` is shown to whoever finds it locked.
  // Reads nothing: scan() next.
  static Result<std::unique_ptr<Directory>> open(std::shared_ptr<fs::FileSystem> files, std::string path,
                                                 std::string owner, Limits limits);

  // Counts what is there, forgets what is gone, removes leftovers and what is above the limits. Sizes of
  // known files are not read again: they never change.
  Result<> scan(UnixNanos now);
  Result<> set_limits(const Limits& limits, UnixNanos now);  // removes what is above the new ones
  Result<> tidy(UnixNanos now);                              // removes what became too old

  struct Stored {
    std::string name;
    std::uint64_t bytes = 0;
  };
  // `random`: ten random bytes for the name. scan() must have succeeded once.
  Result<Stored> store(const Meta& meta, std::string_view body, UnixNanos now, std::string_view random);

  [[nodiscard]] DirectoryStats stats() const;
  [[nodiscard]] bool scanned() const { return scanned_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  // The version digit of a UUIDv7 says nothing, so the kind is kept in its place.
  struct Entry {
    std::uint64_t high = 0, low = 0, size = 0;
    static Entry of(const NameKey& key, std::uint64_t size);
    [[nodiscard]] NameKey key() const;
    static bool before(const Entry& a, const Entry& b);
  };
  static_assert(sizeof(Entry) == 24);

  Directory(std::shared_ptr<fs::FileSystem> files, std::string path, std::string owner, Limits limits);
  Result<> claim();
  void sync_names();
  Result<Stored> put(const std::string& name, const Encoded& encoded, UnixNanos now);
  Result<> write(const std::string& name, const Encoded& encoded);
  Result<> remove_oldest(std::uint64_t& counter);
  Result<> make_room(std::uint64_t bytes);
  void insert(const Entry& entry);
  [[nodiscard]] std::string full(std::string_view name) const { return path_ + "/" + std::string(name); }

  const std::shared_ptr<fs::FileSystem> files_;
  const std::string path_, owner_;
  Limits limits_;
  std::unique_ptr<fs::File> lock_;
  std::deque<Entry> entries_;  // by name, which is by time
  std::uint64_t bytes_ = 0;
  std::uint64_t stray_bytes_ = 0;  // unfinished files that could not be removed; found again by scan()
  DirectoryStats totals_;
  bool scanned_ = false;
};

}  // namespace invar::archive
