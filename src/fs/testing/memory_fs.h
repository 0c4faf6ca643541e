// MemoryFileSystem: a disk in memory for tests, with a capacity, a clock, and power cuts.
// Shape:    paths are used as given ("/a/b"); parents must exist, "/" and "." always do. No symlinks, no
// permissions. Durability model: file bytes are safe after sync_data(), names after sync_directory() of their
// folder.
//           power_cut() throws away the rest; a killed process (kill -9) loses nothing: just drop the
//           handles.
// Threads:  safe. Lifetime: handles keep the disk's state alive; handles from before a power cut answer
// kUnavailable.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fs/filesystem.h"

namespace invar::fs::testing {

class MemoryFileSystem : public FileSystem {
 public:
  struct Options {
    std::uint64_t capacity_bytes = UINT64_MAX;
    std::function<UnixNanos()> unix_ns;  // null: a counter, one second per change
  };
  // How many of `unsynced` bytes beyond the synced ones survive a power cut.
  using Survivors = std::function<std::size_t(const std::string& path, std::size_t unsynced)>;

  static std::shared_ptr<MemoryFileSystem> create(Options options);
  static std::shared_ptr<MemoryFileSystem> create() { return create(Options{}); }

  virtual void set_capacity(std::uint64_t bytes) = 0;
  [[nodiscard]] virtual std::uint64_t used_bytes() const = 0;

  // With `keep_names`, names created, renamed and removed since the last sync survive, as on most file
  // systems in practice.
  virtual void power_cut(const Survivors& survivors = {}, bool keep_names = false) = 0;

  // Changes bytes behind everybody's back: a damaged disk. The file must exist.
  virtual void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) = 0;
};

}  // namespace invar::fs::testing
