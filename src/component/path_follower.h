// PathFollower: looks at files again when something on the way to them changes, and at every interval.
//
//   follower.follow({.interval = ..., .points = [path] { return fs::watch_points(path); },
//                    .look = [path, files, this] { return [this, text = files->read_file(path)]() mutable { take(...); }; }});
//
// A burst of changes is one look; a change during a look makes another one. Every interval the watches are made anew, as a directory
// may be another one under the same name. Without inotify only the interval works, which is logged when its reason changes.
// Threads: loop thread only; `points` and `look` block and run on the pool, one at a time; what `look` returns runs on the loop.
// Lifetime: follow() again, stop() and the destructor drop what is under way. Spec: discovery.md 4, 13.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "fs/watcher.h"

namespace invar::component {

class PathFollower {
 public:
  using Points = std::vector<fs::WatchPoint>;  // name "": every entry of the directory
  struct Followed {
    Duration interval;
    std::function<Points()> points;  // none: only the interval
    std::function<async::Task()> look;
    std::function<void()> watch_failed;  // may be none
  };

  PathFollower(async::Loop& loop, async::WorkerPool& pool, log::Logger logger);
  ~PathFollower();

  void follow(Followed followed);  // looks at once
  void stop();

 private:
  struct Seen {
    async::Task take;
    Points points;
  };

  void poll();
  void changed();
  void look();
  void seen(Seen seen);
  void watch(Points points);
  void unwatch();

  async::Loop& loop_;
  async::WorkerPool& pool_;
  log::Logger logger_;
  Followed followed_;
  std::uint64_t run_ = 0;
  bool looking_ = false;
  bool again_ = false;  // something changed while it looked

  std::unique_ptr<fs::Watcher> watcher_;
  async::Loop::WatchId watch_ = 0;
  Points points_;                                             // those watched now
  std::multimap<fs::Watcher::WatchId, std::string> entries_;  // the names that matter in each directory
  std::string watch_error_;
  async::Timer poll_;
  async::Timer settle_;
  async::Alive alive_;
};

}  // namespace invar::component
