// Dumper: takes profiles on the loop and writes them later, on the worker pool, into an archive directory.
//
//   accept(): rules -> external labels -> queue (bounded by bytes) -> one job at a time -> ledger
//
// accept() never waits for the disk and refuses only when stopped: a disk in trouble costs profiles of the
// archive, counted, but must not make a scrape repeat what other receivers already have.
// Threads: loop thread only.
// Lifetime: stop() before the end; jobs keep what they need.
// Source:  pyroscope-fsdump.md 3, 5-8; decision 14.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "archive/directory.h"
#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/last_durations.h"
#include "base/log.h"
#include "component/inspection.h"
#include "component/problem.h"
#include "labels/relabel.h"
#include "metrics/metrics.h"
#include "pipeline/intake.h"
#include "pipeline/ledger.h"
#include "pipeline/profile.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_fsdump {

class Dumper {
 public:
  static constexpr std::uint64_t kMaxWaitingBytes = std::uint64_t{64} << 20;
  static constexpr Duration kRescanPeriod = std::chrono::minutes(5);
  static constexpr Duration kTidyPeriod = std::chrono::seconds(30);
  static constexpr Duration kLogPeriod = std::chrono::minutes(1);
  static constexpr Duration kStopDeadline = std::chrono::milliseconds(1500);

  struct Environment {
    std::string component_id;
    log::Logger logger;
    metrics::Scope* metrics = nullptr;
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    std::function<std::uint64_t()> random;
    pipeline::Tap tap;
  };
  struct Settings {
    relabel::Rules rules;
    std::map<std::string, std::string> external_labels;
    archive::Limits limits;
  };

  explicit Dumper(Environment environment);
  ~Dumper();

  void start();  // scanning and the timers begin
  // What is already queued still goes where it was meant to go. A null directory means that it is not ours
  // yet: profiles wait.
  void configure(Settings settings, std::shared_ptr<archive::Directory> directory, std::string destination);
  void stop(async::Task done);  // writes what it can within kStopDeadline, counts the rest

  [[nodiscard]] const pipeline::ReceiverPtr& receiver() const { return receiver_; }
  [[nodiscard]] std::vector<component::Problem> problems() const;
  [[nodiscard]] syntax::BodyValue debug_info() const;
  [[nodiscard]] component::OutletView outlet() const;
  [[nodiscard]] const LastDurations& times_to_store() const { return times_to_store_; }
  [[nodiscard]] const std::shared_ptr<archive::Directory>& directory() const { return directory_; }
  [[nodiscard]] std::vector<const pipeline::Ledger*> ledgers() const;
  [[nodiscard]] pipeline::LedgerRow ledger() const;  // of the present directory

 private:
  friend class pipeline::Intake<Dumper>;
  struct Item {
    std::shared_ptr<archive::Directory> directory;  // null: the one that is awaited
    archive::Meta meta;
    SharedBytes body;
    pipeline::Ledger::Entry entry;
    async::TimePoint taken_at;
    std::function<void(std::string_view outcome)> show_end;  // empty: nobody looked when it came
    [[nodiscard]] std::uint64_t bytes() const { return (body ? body->size() : 0) + kItemBytes; }
  };
  static constexpr std::uint64_t kItemBytes = 512;  // what an item itself takes, roughly
  struct Job;
  struct JobResult;

  pipeline::Answer accept(const pipeline::ProfilePtr& profile);
  void accept_kept(const pipeline::ProfilePtr& profile, pipeline::Kept kept) { kept(accept(profile)); }
  void pump();
  void finish(JobResult result);
  void settle(Item& item, Result<archive::Directory::Stored>& stored);
  void works();
  void failed(const Error& error);
  void count_error(const Error& error);
  void arm_tidy();
  void stopped();
  pipeline::Ledger& ledger_of(const std::string& destination);

  const Environment env_;
  Settings settings_;
  std::string destination_;
  std::shared_ptr<archive::Directory> directory_;
  std::map<std::string, std::unique_ptr<pipeline::Ledger>>
      ledgers_;  // by destination, kept for the component's life

  std::deque<Item> queue_;
  std::uint64_t waiting_bytes_ = 0;
  std::vector<Item> running_;
  bool started_ = false, job_running_ = false, limits_changed_ = false, scan_due_ = true, tidy_due_ = false;
  async::TimePoint last_scan_{};
  bool stopping_ = false;
  async::Task on_stopped_;

  archive::DirectoryStats stats_;
  LastDurations times_to_store_;
  std::string last_error_;
  UnixNanos last_error_unix_ns_ = 0;
  async::TimePoint last_log_{};
  std::uint64_t errors_since_log_ = 0;
  bool logged_ = false;
  UnixNanos failing_since_unix_ns_ = 0;  // 0: the archive takes profiles

  metrics::Counter &received_, &written_, &dropped_, &bytes_written_, &write_errors_, &files_removed_;
  metrics::Gauge &current_size_, &waiting_gauge_;

  std::shared_ptr<pipeline::Intake<Dumper>> intake_;
  pipeline::ReceiverPtr receiver_;
  async::Timer tidy_timer_, stop_timer_;
  async::Alive alive_;
};

}  // namespace invar::components::pyroscope_fsdump
