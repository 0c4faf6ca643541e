// FileCache: credential and certificate files, read again when they change.
//
// A file is looked at (one stat) at most once per `max_age`; its bytes are read only when mtime, size or inode differ.
// Threads:  loop thread. The disk is waited for on `pool`; without one (tests, commands) here.
// Errors:   `unable to read file <path>: <why>`; an empty file is an error too, because a token that is being written
//           must not become an empty credential.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/error.h"
#include "fs/filesystem.h"

namespace invar::http {

class FileCache {
 public:
  using Content = Result<std::shared_ptr<const std::string>>;

  FileCache(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
            Duration max_age = std::chrono::seconds(1), async::WorkerPool* pool = nullptr)
      : loop_(&loop), files_(std::move(files)), max_age_(max_age), pool_(pool) {}

  // Looks at those files that are due. `done` runs at once when the pool has nothing to do, else later on the loop.
  void look(const std::vector<std::string>& paths, async::Task done);
  // What the last look found; the same pointer until the content changed. Somebody looked before.
  [[nodiscard]] Content found(const std::string& path) const;
  // Looks on this thread when it is due: for what a configuration needs when it is loaded.
  Content read(const std::string& path);

 private:
  struct Wait {
    std::size_t files = 0;
    async::Task done;
  };
  struct Seen {
    std::optional<fs::Stat> stat;
    std::optional<Content> content;  // empty: as before
  };
  struct Entry {
    std::optional<fs::Stat> stat;
    async::TimePoint checked;
    Content content;  // null: not known yet
    std::vector<std::shared_ptr<Wait>> waits;
    [[nodiscard]] bool good() const { return content && *content; }
  };
  static Seen look_at(fs::FileSystem& files, const std::string& path, const std::optional<fs::Stat>& known);
  [[nodiscard]] bool due(const Entry& entry) const;
  void take(Entry& entry, Seen seen);

  async::Loop* loop_;
  std::shared_ptr<fs::FileSystem> files_;
  Duration max_age_;
  async::WorkerPool* pool_;
  std::map<std::string, Entry> entries_;
  async::Alive alive_;
};

}  // namespace invar::http
