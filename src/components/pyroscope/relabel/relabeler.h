// Relabeler: profiles in, the same profiles with other labels out; or dropped.
//
//   accept(): [edit the pprof on the worker pool ->] promoted labels -> rules, through the cache -> forward_to
//
// Without edits it answers with what the receivers say. With edits the profile is its own until the receivers have it: one ledger
// entry per profile (destination "edit"), and what they refuse then is counted as dropped. A body that is no pprof profile is
// forwarded as it is: others judge it.
// Threads: loop thread only. Lifetime: stop() before the end.
// Source:  pyroscope-receive-http-relabel-enrich.md B.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "component/relabels_series.h"
#include "components/pyroscope/relabel/arguments.h"
#include "components/pyroscope/relabel/cache.h"
#include "metrics/metrics.h"
#include "pipeline/intake.h"
#include "pipeline/ledger.h"
#include "pipeline/outlets.h"

namespace invar::components::pyroscope_relabel {

class Relabeler {
 public:
  static constexpr std::uint64_t kMaxEditingBytes = std::uint64_t{64} << 20;  // bodies waiting for the pool
  static constexpr Duration kStopDeadline = std::chrono::milliseconds(1500);

  struct Environment {
    std::string component_id;
    log::Logger logger;
    metrics::Scope* metrics = nullptr;
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    pipeline::Tap tap;
  };

  explicit Relabeler(Environment environment);
  ~Relabeler();

  void configure(const Arguments& arguments);
  void stop(async::Task done);  // what is being edited is still passed on, within kStopDeadline

  pipeline::Answer accept(const pipeline::ProfilePtr& profile);
  void accept_kept(const pipeline::ProfilePtr& profile, pipeline::Kept kept);
  [[nodiscard]] pipeline::ReceiverPtr receiver() const { return intake_; }
  [[nodiscard]] syntax::BodyValue debug_info() const;
  [[nodiscard]] component::SeriesRelabeling series_relabeling(std::size_t most) const {
    return {cache_.last_used(most), rules_};
  }

 private:
  struct EditJob;
  [[nodiscard]] bool edits(const pipeline::Profile& profile) const {
    return plan_ && profile.kind == pipeline::BodyKind::kPprof && profile.body && !profile.body->empty();
  }
  // The profile with its new labels; null when it is dropped.
  pipeline::ProfilePtr relabel(const pipeline::ProfilePtr& profile);
  pipeline::Answer counted(const pipeline::Answer& answer);
  // False: too many wait already.
  bool begin_edit(const pipeline::ProfilePtr& profile, pipeline::Kept kept);
  void edited(const std::shared_ptr<EditJob>& job);
  void finish(const std::shared_ptr<EditJob>& job, const pipeline::Answer& answer);
  void check_stopped();

  const Environment env_;
  relabel::Rules rules_;
  std::vector<relabel::RuleConfig> rule_configs_;
  std::shared_ptr<const pprof::EditPlan> plan_;  // null: nothing to edit
  Cache cache_;
  pipeline::Outlets outlets_;
  metrics::Counter &processed_, &written_, &dropped_, &hits_, &misses_;
  metrics::Gauge& cache_size_;
  std::unique_ptr<pipeline::Ledger> ledger_;  // once there were edits
  std::uint64_t editing_bytes_ = 0;
  std::vector<std::shared_ptr<EditJob>> editing_;
  async::Task on_stopped_;
  async::Timer stop_timer_;
  std::shared_ptr<pipeline::Intake<Relabeler>> intake_;
  async::Alive alive_;
};

}  // namespace invar::components::pyroscope_relabel
