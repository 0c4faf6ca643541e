// ScrapeLoop: scrapes one job for as long as it exists: one target, one profile type.
//
//   waiting --phase instant--> requesting --answer--> processing --result--> waiting
//
// A tick that finds the previous scrape still under way is counted as missed, never queued. The phase is
// stable: it depends on the job's identity and the wall clock alone. A baseline advances only when a receiver
// accepted the delta. Threads: loop thread. Lifetime: Context and TargetUp outlive their loops; destroying a
// loop cancels what is in flight. Spec: pyroscope-scrape.md 9-14.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "component/cluster.h"
#include "components/pyroscope/scrape/handed.h"
#include "components/pyroscope/scrape/jobs.h"
#include "components/pyroscope/scrape/memory_room.h"
#include "components/pyroscope/scrape/process.h"
#include "components/pyroscope/scrape/scrape_history.h"
#include "components/pyroscope/scrape/scrape_metrics.h"
#include "http/client.h"
#include "pipeline/outlets.h"
#include "pipeline/profile.h"
#include "pipeline/tap.h"

namespace invar::components::pyroscope_scrape {

// What all loops of a component share; replaced piece by piece by an update, and read afresh at every scrape.
struct Context {
  async::Loop* loop = nullptr;
  async::WorkerPool* pool = nullptr;
  log::Logger logger;
  ScrapeMetrics* metrics = nullptr;
  metrics::Scope* scope = nullptr;
  std::shared_ptr<http::Client> client;
  std::optional<pipeline::Outlets> outlets;
  Duration scrape_interval{};
  std::uint64_t max_profile_bytes = 0;
  std::uint64_t sample_limit = 0;
  bool per_target_metrics = false;
  pipeline::Tap tap;
  component::ScrapedTargets::Totals totals;
  component::CostSink* costs = nullptr;  // of a cluster that weighs; null: nobody asks
  MemoryRoom* memory = nullptr;  // of a node that others' work may come to; null: there is always enough
  std::size_t jobs_without_memory = 0;  // that did not begin for want of it
};

// Shared by the loops of one target, which is up while any of its profile types was scraped well at the last
// try, and neither up nor down before the first.
struct TargetUp {
  std::size_t loops = 0, up = 0, down = 0;
};

enum class TargetHealth { kUnknown, kUp, kDown };
std::string_view to_string(TargetHealth health);

struct LoopStatus {
  TargetHealth health = TargetHealth::kUnknown;
  std::string last_error, last_reason;  // a sentence and its word
  UnixNanos failing_since_unix_ns = 0;  // of the first failure since the last success; 0: none
  UnixNanos last_scrape_unix_ns = 0;    // start of the last attempt
  UnixNanos last_success_unix_ns = 0;
  Duration last_duration{};
  std::uint64_t last_bytes = 0;
  std::uint64_t last_samples = 0;
  std::string problem;           // of profiles that were taken all the same
  std::uint32_t processes = 1;   // that answer in turn, as their counters show
  bool unknown_process = false;  // the last profile was of one seen for the first time
};

class ScrapeLoop {
 public:
  ScrapeLoop(Context& context, TargetUp& target, JobPtr job, pprof::DeltaStatePtr baseline);
  ~ScrapeLoop();

  void start(const Handed& handed);  // arms the first scrape (first_wait()); the baseline is given already
  void set_job(JobPtr job);          // same identity: labels and timeout are swapped in place
  void interval_changed();           // re-arms; a scrape under way goes on
  bool scrape_now();                 // beside the regular ones; false: one is under way
  // No scrape begins any more. What is under way makes no difference to what is handed over, unless must_finish().
  Handed hand_over();
  // A scrape is under way that nobody can repeat, since the target makes the delta; `finished` is posted when it has ended.
  [[nodiscard]] bool must_finish() const { return busy_ && !job_->agent_delta; }
  void when_finished(async::Task finished) { finished_ = std::move(finished); }

  [[nodiscard]] const Job& job() const { return *job_; }
  [[nodiscard]] const LoopStatus& status() const { return status_; }
  [[nodiscard]] const ScrapeHistory& history() const { return history_; }
  [[nodiscard]] UnixNanos next_scrape_unix_ns() const;
  [[nodiscard]] const pprof::DeltaStatePtr& baseline() const { return baseline_; }
  // Until when the baseline is certainly the last one: a scrape under way may advance it at any moment.
  [[nodiscard]] UnixNanos baseline_good_until() const;

  std::uint64_t generation = 0;  // of the sync that last named this loop

 private:
  void arm();
  void tick();
  [[nodiscard]] bool may_begin();
  void set_without_memory(bool without);
  void scrape();
  void on_answer(std::expected<http::Response, http::Failure> answer);
  void process_on_pool(const std::shared_ptr<ProcessInput>& input);
  void on_processed(const ProcessInput& input, std::expected<Processed, ScrapeError> result);
  void note_events(const DeltaEvents& events);
  void note_time(const Processed& processed);
  void push(Processed& processed);
  void finish_well();
  void finish_badly(const ScrapeError& error);
  void end_scrape();
  void keep_answer(int status, std::string_view content_type, std::string_view body);
  void set_health(TargetHealth health);
  void set_baseline(pprof::DeltaStatePtr baseline);
  TypeMetrics& metrics();

  struct OwnMetrics {
    OwnMetrics(std::unique_ptr<metrics::Scope> own, const std::string& profile)
        : scope(std::move(own)), metrics(*scope, {{"profile", profile}}) {}

    std::unique_ptr<metrics::Scope> scope;
    TypeMetrics metrics;
  };

  Context& context_;
  TargetUp& target_;
  JobPtr job_;
  pprof::DeltaStatePtr baseline_;
  LoopStatus status_;
  ScrapeHistory history_;
  std::string failing_as_;  // reason and state of the last error
  TypeMetrics& type_metrics_;
  std::unique_ptr<OwnMetrics> own_metrics_;  // with per_target_metrics: its series go with the loop
  bool begun_ = false;                       // there was room for it
  bool without_memory_ = false;              // there is none
  bool busy_ = false;
  async::Task finished_;
  async::TimePoint started_{};
  async::TimePoint next_tick_{};
  std::shared_ptr<http::Client> client_;  // of the request under way: outlives its call
  std::unique_ptr<http::Call> call_;
  async::Timer timer_;
  async::Alive alive_;  // last
};

}  // namespace invar::components::pyroscope_scrape
