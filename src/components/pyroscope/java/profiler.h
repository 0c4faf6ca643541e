// Profiler: keeps one JvmLoop for each process that the targets name, and lets them end when they are not named any more.
// Stop:    recordings are ended and delivered; after kStopLimit what still hangs is left to end by itself.
// Threads: loop thread.   Source: pyroscope-java.md 3, 6, 9.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "component/component.h"
#include "components/pyroscope/java/arguments.h"
#include "components/pyroscope/java/jvm_loop.h"

namespace invar::components::pyroscope_java {

class Profiler {
 public:
  struct World {
    std::shared_ptr<java::Driver> driver;
    std::function<std::unique_ptr<async::WorkerPool>()> make_pool;  // for what blocks on JVMs
    std::function<std::uint64_t()> random;
    std::vector<std::string> missing_privileges;
  };

  Profiler(const component::Options& options, World world);
  ~Profiler();

  void start();
  // `library` may be null: then every target says so.
  void update(const Arguments& arguments, java::LibraryPtr library);
  void stop(async::Task done);
  [[nodiscard]] std::vector<component::Problem> problems(component::Severity at_least) const;
  [[nodiscard]] component::BodyValue debug_info() const;

 private:
  using Loops = std::map<int, std::unique_ptr<JvmLoop>>;  // by pid

  void apply_targets();
  void let_end(std::unique_ptr<JvmLoop> loop);
  void finish_stop();
  void collect(std::vector<metrics::Sample>& out) const;
  [[nodiscard]] std::optional<component::Problem> common_problem() const;
  [[nodiscard]] Duration phase_of(int pid) const;

  const component::Options options_;
  const World world_;
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  JavaMetrics metrics_;
  Conversions conversions_;
  std::unique_ptr<async::WorkerPool> attach_pool_;
  Context context_;
  Arguments arguments_;
  std::map<std::string, std::string> bad_targets_;  // what is wrong, by target
  Loops loops_;
  std::vector<std::unique_ptr<JvmLoop>> leaving_;
  bool started_ = false;
  async::Task on_stopped_;
  async::Timer stop_timer_;
  async::Alive alive_;  // last
};

}  // namespace invar::components::pyroscope_java
