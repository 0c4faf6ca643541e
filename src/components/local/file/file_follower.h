// FileFollower: the content of one file, read again when it changes and at every poll.
// It watches every directory entry that the path leads through, so replaced symbolic links (as Kubernetes mounts them) count.
// The first reading is the caller's (load); run() goes on from there. Later failures keep the last content.
// Threads: loop thread only; reading runs on the pool, one at a time. Spec: discovery.md 13.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "components/local/file/arguments.h"
#include "fs/filesystem.h"
#include "fs/watcher.h"

namespace invar::components::local_file {

inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 20;

class FileFollower {
 public:
  using OnRead = std::function<void(Result<std::string>)>;  // after every reading

  FileFollower(async::Loop& loop, async::WorkerPool& pool, std::shared_ptr<fs::FileSystem> files,
               log::Logger logger, OnRead on_read);
  ~FileFollower();

  void run(const Arguments& arguments);
  void stop();

 private:
  struct Reading {
    Result<std::string> content;
    std::vector<fs::WatchPoint> points;
  };

  void poll();
  void changed();
  void read();
  void finished(Reading reading);
  bool watch(const std::vector<fs::WatchPoint>& points);
  void unwatch();

  async::Loop& loop_;
  async::WorkerPool& pool_;
  std::shared_ptr<fs::FileSystem> files_;
  log::Logger logger_;
  OnRead on_read_;
  Arguments arguments_;
  std::uint64_t run_ = 0;
  bool reading_ = false;
  bool again_ = false;  // it changed while it was read

  std::unique_ptr<fs::Watcher> watcher_;
  async::Loop::WatchId watch_ = 0;
  std::vector<fs::WatchPoint> points_;                        // those watched now
  std::multimap<fs::Watcher::WatchId, std::string> entries_;  // the names that matter in each directory
  std::string watch_error_;
  async::Timer poll_;
  async::Timer settle_;
  async::Alive alive_;
};

}  // namespace invar::components::local_file
