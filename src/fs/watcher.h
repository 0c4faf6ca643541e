// Watcher: tells that something in a directory changed (inotify).
// Shape:   add() directories, watch fd() on a loop, read_events() when it is readable. Changes of permissions or times
//          alone are not reported. A watch ends with its directory; that is an event too (`ended`).
// Threads: one owner. Nothing blocks.
// Errors:  kResourceExhausted when the system's limit of watches or instances is reached.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace invar::fs {

class Watcher {
 public:
  using WatchId = int;
  struct Event {
    WatchId watch = -1;  // -1: events were lost; take it that everything changed
    std::string name;    // entry of the directory; "" for the directory itself
    bool ended = false;  // the directory is gone or was replaced: the watch id is dead
  };

  static Result<std::unique_ptr<Watcher>> create();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // The same directory again gives the same id.
  Result<WatchId> add(const std::string& directory);
  void remove(WatchId id);
  std::vector<Event> read_events();

 private:
  explicit Watcher(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// The directories, and the name in each, through which `path` leads to its file: one for every symbolic link
// on the way and one for the file itself. A change of any of these entries may change what `path` reads.
// Missing parts end the list.
struct WatchPoint {
  std::string directory;
  std::string name;
  auto operator<=>(const WatchPoint&) const = default;
};
std::vector<WatchPoint> watch_points(const std::string& path);

}  // namespace invar::fs
