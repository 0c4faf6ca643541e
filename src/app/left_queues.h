// LeftQueues: what pyroscope.write components that are not configured any more have left in the storage directory. It is
// looked for at the start, after a reload when removed components have let go of their disks, and now and then.
// Shown:   one log line for each component, the status page, and the gauge invar_left_on_disk_profiles.
// Threads: loop thread only; the disk is read on `disk_pool`. `environment` outlives this.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "component/view.h"
#include "fs/filesystem.h"
#include "metrics/metrics.h"
#include "services/status_page.h"

namespace invar::app {

class LeftQueues {
 public:
  static constexpr Duration kAfterReload = std::chrono::seconds(3);
  static constexpr Duration kEvery = std::chrono::minutes(5);

  struct Environment {
    async::Loop* loop = nullptr;
    async::WorkerPool* disk_pool = nullptr;
    std::shared_ptr<fs::FileSystem> files;
    std::string storage_path;
    log::Logger logger;
    metrics::Scope* metrics = nullptr;
    const component::ComponentDirectory* components = nullptr;
  };
  explicit LeftQueues(Environment environment);

  void look_after(Duration wait);
  [[nodiscard]] std::vector<services::LeftQueue> found() const;

 private:
  void look();

  const Environment env_;
  std::vector<services::LeftQueue> found_;
  std::set<std::string> told_;
  bool looking_ = false;
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::app
