// FileCache: credential and certificate files, read again when they change.
//
// A file is looked at (one stat) at most once per `max_age`; its bytes are read only when mtime, size or inode differ.
// Threads:  loop thread. The files are small and local; reads block for microseconds.
// Errors:   `unable to read file <path>: <why>`; an empty file is an error too, because a token that is being written
//           must not become an empty credential.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "async/loop.h"
#include "base/error.h"
#include "fs/filesystem.h"

namespace invar::http {

class FileCache {
 public:
  FileCache(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
            Duration max_age = std::chrono::seconds(1))
      : loop_(&loop), files_(std::move(files)), max_age_(max_age) {}

  // The same pointer comes back until the content changed.
  Result<std::shared_ptr<const std::string>> read(const std::string& path);

 private:
  struct Entry {
    fs::Stat stat;
    async::TimePoint checked;
    Result<std::shared_ptr<const std::string>> content;
  };
  Result<std::shared_ptr<const std::string>> load(const std::string& path);

  async::Loop* loop_;
  std::shared_ptr<fs::FileSystem> files_;
  Duration max_age_;
  std::map<std::string, Entry> entries_;
};

}  // namespace invar::http
