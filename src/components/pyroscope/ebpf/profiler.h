// Profiler: keeps an engine going for one component: starts it, again after a failure, asks it for stacks at the end of each
// interval and sends what they make. The engine works on a pool, one call at a time; here everything is the loop's.
//
//   idle --targets--> starting --> running --(settings need another engine)--> starting
//                        `--failed: after collect_interval, doubled up to 5 min (1 min at least without privileges)--'
//
// Lifetime: a call under way when it is destroyed ends by itself and takes the engine with it.
// Spec:     ebpf.md 5, 7.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "component/component.h"
#include "components/pyroscope/ebpf/arguments.h"
#include "components/pyroscope/ebpf/ebpf_metrics.h"
#include "components/pyroscope/ebpf/profiles.h"
#include "components/pyroscope/ebpf/target_index.h"
#include "ebpf/engine.h"
#include "pipeline/outlets.h"

namespace invar::components::pyroscope_ebpf {

using StartSource =
    std::function<Result<std::unique_ptr<ebpf::Source>>(const ebpf::EngineSettings&, ebpf::OwnerOf)>;

class Profiler {
 public:
  Profiler(const component::Options& options, StartSource start_source);
  ~Profiler();

  void start();
  void update(const Arguments& arguments);
  void stop(async::Task done);

  [[nodiscard]] std::vector<component::Problem> problems(component::Severity at_least) const;
  [[nodiscard]] component::BodyValue debug_info() const;

 private:
  using Engine = std::shared_ptr<ebpf::Source>;
  struct Collected {
    std::vector<MadeProfile> profiles;
    ebpf::EngineStatus status;
  };

  void next();
  void start_engine();
  void started(Result<Engine> engine);
  void poll();
  void collect();
  void collected(Collected collected);
  void send(MadeProfile made);
  void drop_engine();
  void watch();
  void unwatch();
  [[nodiscard]] bool wanted() const { return running_ && index_ && !index_->empty(); }
  [[nodiscard]] Duration retry_wait(const Error& error) const;

  const component::Options& options_;
  const StartSource start_source_;
  async::WorkerPool& pool_;
  pipeline::Outlets outlets_;
  EbpfMetrics metrics_;

  Arguments arguments_;
  std::shared_ptr<const TargetIndex> index_;
  Engine engine_;
  ebpf::EngineStatus status_;
  std::optional<Error> failure_;
  UnixNanos failing_since_unix_ns_ = 0;
  int failures_ = 0;
  std::string refusal_;  // of the last profile that nobody took

  bool running_ = false, busy_ = false;
  bool wants_poll_ = false, wants_collect_ = false, wants_settings_ = false, wants_owners_ = false;
  UnixNanos interval_start_unix_ns_ = 0;
  async::Loop::WatchId watch_ = 0;
  async::Timer interval_, retry_;
  async::Alive alive_;
};

}  // namespace invar::components::pyroscope_ebpf
