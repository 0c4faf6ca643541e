// FileDiscoverer: targets from files, read again when something in their directories changes and at every interval.
// A file that cannot be read or parsed keeps the groups it had; a file that is gone takes its targets with it.
// Errors: never fatal; the reason is logged when it changes and in the health. Without inotify only the interval works.
// Threads: loop thread only; reading runs on the pool, one scan at a time. Spec: discovery.md 4.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "component/discovery.h"
#include "component/path_follower.h"
#include "components/discovery/file/arguments.h"
#include "components/discovery/file/scan.h"

namespace invar::components::discovery_file {

class FileDiscoverer final : public component::Discoverer {
 public:
  FileDiscoverer(const component::Options& options, Arguments arguments);
  ~FileDiscoverer() override;

  void start(component::GroupSink& sink) override;
  bool adopt(const component::Boxed& arguments) override;  // so that a broken file keeps its groups
  [[nodiscard]] component::BodyValue debug_info() const override;

 private:
  struct KnownFile {
    FileTargets found;
    std::string error;  // of the last scan
    metrics::Gauge* mtime = nullptr;
  };

  void follow();
  void scanned(Scan scan);
  void forget(const std::string& path);
  void report();

  async::Loop& loop_;
  std::shared_ptr<fs::FileSystem> files_;
  log::Logger logger_;
  metrics::Scope& metrics_;
  metrics::Counter& read_errors_;
  metrics::Counter& watcher_errors_;
  metrics::Histogram& scan_duration_;

  Arguments arguments_;
  component::GroupSink* sink_ = nullptr;
  std::map<std::string, KnownFile> known_;
  component::PathFollower follower_;
};

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_file
