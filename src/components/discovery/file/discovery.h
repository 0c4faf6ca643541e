// FileDiscovery: targets from files, read again when something in their directories changes and at every interval.
// A file that cannot be read or parsed keeps the groups it had; a file that is gone takes its targets with it.
// Errors: never fatal; the reason is logged when it changes and shown in health(). Without inotify only the interval works.
// Threads: loop thread only; reading runs on the pool, one scan at a time. Spec: discovery.md 4.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "component/component.h"
#include "component/target_exporter.h"
#include "components/discovery/file/arguments.h"
#include "components/discovery/file/scan.h"
#include "fs/watcher.h"

namespace invar::components::discovery_file {

class FileDiscovery {
 public:
  explicit FileDiscovery(const component::Options& options);
  ~FileDiscovery();

  void run(const Arguments&
               arguments);  // again with other arguments: starts anew, the last targets stand meanwhile
  void stop();

  [[nodiscard]] component::Health health() const { return health_; }
  [[nodiscard]] component::BodyValue debug_info() const;

 private:
  struct KnownFile {
    FileTargets found;
    std::string error;  // of the last scan
    metrics::Gauge* mtime = nullptr;
  };

  void tick();
  void watch_directories();
  void unwatch();
  void changed();
  void scan();
  void scanned(async::TimePoint started, Scan scan);
  void forget(const std::string& path);
  void report(bool any_bad);

  async::Loop& loop_;
  async::WorkerPool& pool_;
  std::shared_ptr<fs::FileSystem> files_;
  log::Logger logger_;
  metrics::Scope& metrics_;
  metrics::Counter& read_errors_;
  metrics::Counter& watcher_errors_;
  metrics::Histogram& scan_duration_;

  Arguments arguments_;
  component::TargetExporter exporter_;
  std::map<std::string, KnownFile> known_;
  std::uint64_t run_ = 0;
  bool scanning_ = false;
  bool again_ = false;  // something changed while a scan was running
  component::Health health_;

  std::unique_ptr<fs::Watcher> watcher_;
  std::string watcher_error_;
  async::Loop::WatchId watch_ = 0;
  async::Timer interval_;
  async::Timer settle_;
  async::Alive alive_;
};

}  // namespace invar::components::discovery_file
