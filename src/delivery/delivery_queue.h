// DeliveryQueue: what waits for one endpoint, in memory first, on disk when the server falls behind.
//
//   add() -> live --> backlog -> next() -> out: settled(), or retry_at() -> waiting --(due)--> backlog
//
// Live profiles and the backlog take turns, and three of four turns are the live ones' when these wait: draining does not
// delay them. The backlog goes oldest first, so that what leaves the server's window soon is not starved by what has time.
// A profile that has waited kLiveFor, or kLiveAtMost while the server takes profiles, is live no longer.
// Disk:    a profile whose first attempt failed, or that has waited kLiveFor, is written (with sync_always: every one,
//          before it may be sent and before its sender hears that it is kept). What is on disk stays in memory, too, until the
//          memory is needed; the front of the backlog is read again in time.
// Bounds:  memory in bytes: first what is also on disk leaves it, then the oldest profile is dropped, counted. Half full, it
//          writes to disk without waiting. The disk: the oldest segment is dropped, counted.
// A disk that fails is asked again every kDiskRetry; meanwhile the memory is all there is.
// Threads: loop thread only. Events are called from within any call. Source: decisions 9, 11.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/loop.h"
#include "base/log.h"
#include "delivery/delivery.h"
#include "delivery/spill.h"

namespace invar::delivery {

struct QueueSettings {
  std::uint64_t max_memory_bytes = std::uint64_t{64} << 20;
  std::uint64_t max_disk_bytes = 0;          // 0: nothing is written
  Duration max_age = std::chrono::hours(1);  // 0: no limit
  Duration flush_timeout = std::chrono::milliseconds(1500);
  bool keep_when_exhausted = false;
  bool sync_always = false;
};

class DeliveryQueue {
 public:
  static constexpr Duration kLiveFor = std::chrono::seconds(1);
  static constexpr Duration kLiveAtMost = std::chrono::seconds(10);
  static constexpr Duration kLiveSoon = std::chrono::milliseconds(250);
  static constexpr Duration kDiskRetry = std::chrono::seconds(1);
  static constexpr Duration kSweepPeriod = std::chrono::seconds(1);
  static constexpr Duration kAgeStep = std::chrono::seconds(10);

  struct Environment {
    async::Loop* loop = nullptr;
    log::Logger logger;
    async::WorkerPool* disk_pool = nullptr;  // null: no disk
    std::shared_ptr<fs::FileSystem> files;
    std::string directory;  // of this queue alone
    std::string destination;
    // Enters a profile that an earlier process left into the ledger.
    std::function<pipeline::Ledger::Entry(std::string_view type)> recover;
  };
  struct Events {
    // The queue gives it up. The owner calls settled().
    std::function<void(DeliveryPtr, Outcome)> give_up;
    std::function<void()> changed;  // next() may give something that it did not before, or all is on disk
  };

  DeliveryQueue(Environment environment, QueueSettings settings, Events events);

  void update(QueueSettings settings);
  void set_flowing(bool flowing) { flowing_ = flowing; }  // the server takes profiles
  void add(DeliveryPtr delivery);
  // The next one to send, with its bytes; null when there is none now. `ahead`: so many of the backlog are made ready.
  DeliveryPtr next(std::size_t ahead);
  void put_back(DeliveryPtr delivery);  // not judged: to its place in the backlog
  void retry_at(DeliveryPtr delivery, async::TimePoint when);
  // It was taken out with next() and has ended (or was given up): what it held is given back.
  void settled(Delivery& delivery, End end);

  void sweep();     // moves on what time moves: to the backlog, to the disk, out of the window
  void save_all();  // what is not on disk is written now
  void give_up_all(End end, const std::string& reason);
  // Calls `done` when the disk has nothing more to do.
  void when_disk_idle(async::Task done);

  [[nodiscard]] bool empty() const {
    return live_.empty() && backlog_.empty() && waiting_.empty() && saving_.empty();
  }
  [[nodiscard]] bool has_ready() const { return !live_.empty() || !backlog_.empty(); }
  [[nodiscard]] bool all_stored() const { return fresh_.empty() && writing_.empty(); }  // also what is out
  [[nodiscard]] async::TimePoint next_due() const;    // of a retry; max() when there is none
  [[nodiscard]] async::TimePoint next_sweep() const;  // max() when nothing will change
  [[nodiscard]] Duration time_left(
      const Delivery& delivery) const;  // in the window; max() when there is none

  [[nodiscard]] std::size_t size() const { return known_; }  // with what is out
  [[nodiscard]] std::uint64_t memory_bytes() const { return memory_bytes_; }
  [[nodiscard]] std::uint64_t disk_bytes() const;
  [[nodiscard]] const std::string& disk_error() const { return disk_error_; }
  [[nodiscard]] UnixNanos disk_error_since_unix_ns() const { return disk_error_since_unix_ns_; }
  [[nodiscard]] Duration oldest_age() const;  // of what is not out, since it was accepted
  // How many profiles, with what is out, are younger than each of `limits`, which rise, and not than the one before; the last figure
  // is of those that are older than all. To kAgeStep exactly.
  [[nodiscard]] std::vector<std::uint64_t> ages(std::span<const Duration> limits) const;

 private:
  using Place = Delivery::Place;
  using BacklogKey = std::pair<UnixNanos, std::uint64_t>;
  using WaitingKey = std::pair<async::TimePoint, std::uint64_t>;

  static BacklogKey key_of(const Delivery& d) { return {d.taken_unix_ns, d.number}; }
  [[nodiscard]] bool writes_to_disk() const { return spill_ && settings_.max_disk_bytes > 0; }
  [[nodiscard]] bool disk_answers() const { return env_.loop->now() >= disk_retry_at_; }
  [[nodiscard]] static std::int64_t age_step(const Delivery& d) {
    return d.accepted_at.time_since_epoch() / kAgeStep;
  }
  void open_disk();
  void place(DeliveryPtr delivery, Place where);
  DeliveryPtr take_out(Delivery& delivery);
  void account(Delivery& delivery);
  void age();
  void prefetch(std::size_t ahead);
  void unload(Delivery& delivery);
  void make_room();
  [[nodiscard]] Delivery* victim();
  void save(Delivery& delivery, bool urgent);
  void expire();
  void give_up(Delivery& delivery, Outcome outcome);
  void saved(DeliveryPtr delivery);
  void not_saved(DeliveryPtr delivery, const Error& error);
  void note_disk(const Error* error);

  void on_opened(Result<Spill::Opened> opened);
  void on_written(const std::vector<Spill::Number>& numbers, Result<queue::RecordId> first);
  void on_loaded(Spill::Number number, Result<OutgoingPtr> profile);
  void on_evicted(const std::vector<queue::RecordId>& records);

  const Environment env_;
  QueueSettings settings_;
  const Events events_;

  std::map<std::uint64_t, DeliveryPtr> saving_;  // sync_always: not yet on disk
  std::map<std::uint64_t, DeliveryPtr> live_;
  std::map<BacklogKey, DeliveryPtr> backlog_;
  std::map<WaitingKey, DeliveryPtr> waiting_;
  // Wherever they are, by number:
  std::map<std::uint64_t, Delivery*> fresh_;  // not on disk, nor on the way to it
  std::map<BacklogKey, Delivery*> cached_;    // on disk, and in memory for nothing but speed
  std::unordered_map<std::uint64_t, Delivery*> writing_, loading_;
  std::unordered_map<queue::RecordId, Delivery*> by_record_;

  std::map<std::int64_t, std::uint64_t> accepted_;  // profiles of each kAgeStep

  std::uint64_t last_number_ = 0, memory_bytes_ = 0;
  std::size_t known_ = 0;
  bool flowing_ = true;
  unsigned turn_ = 0;
  std::unique_ptr<Spill> spill_;
  async::TimePoint disk_retry_at_{}, load_retry_at_{};
  std::string disk_error_;
  UnixNanos disk_error_since_unix_ns_ = 0;
  async::Task on_disk_idle_;
};

}  // namespace invar::delivery
