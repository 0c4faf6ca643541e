// Spill: the disk side of one endpoint's queue: a SegmentQueue behind the worker pool.
//
//   open() -> on_opened; then write(), load(), ack() in any number -> on_written, on_loaded, on_evicted
//
// One job at a time runs on the pool and takes everything that has gathered: one sync for a whole group. A write or an
// acknowledgement waits up to kGather for company, unless it is urgent.
// Bound:   max_bytes; the oldest segment goes for what is new (on_evicted).
// Threads: loop thread only. Lifetime: a job that runs while this is destroyed ends by itself, unheard.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "delivery/push_request.h"
#include "fs/filesystem.h"
#include "queue/segment_queue.h"

namespace invar::delivery {

class Spill {
 public:
  using Number = std::uint64_t;  // the caller's name for a profile
  static constexpr Duration kGather = std::chrono::milliseconds(50);
  // A file that cannot be read is left for the next start, after so many attempts to open all of them.
  static constexpr int kWholeAttempts = 5;

  struct Environment {
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    std::shared_ptr<fs::FileSystem> files;
    std::string directory, destination;
  };
  struct Found {
    queue::RecordId record = 0;
    UnixNanos taken_unix_ns = 0;
    std::uint64_t body_bytes = 0, stored_bytes = 0;
    std::string type;
    pipeline::BodyKind kind = pipeline::BodyKind::kPprof;
  };
  struct Opened {
    std::vector<Found> found;  // oldest first
    std::uint64_t damaged = 0, unreadable_segments = 0;
  };
  struct Events {
    std::function<void(Result<Opened>)> on_opened;
    // Consecutive records from the one given on.
    std::function<void(const std::vector<Number>&, Result<queue::RecordId>)> on_written;
    std::function<void(Number, Result<OutgoingPtr>)> on_loaded;  // kDataLoss: damaged, and consumed
    std::function<void(const std::vector<queue::RecordId>&)> on_evicted;
    std::function<void()> on_idle;
  };

  Spill(Environment environment, std::uint64_t max_bytes, Events events);

  // A directory that nothing is written to is only opened when it exists; otherwise on_opened tells of nothing found.
  void open();
  [[nodiscard]] bool is_open() const { return queue_ != nullptr; }
  [[nodiscard]] bool opening() const { return opening_; }
  void set_max_bytes(std::uint64_t bytes) { max_bytes_ = bytes; }

  void write(Number number, OutgoingPtr profile, bool urgent);
  void load(Number number, queue::RecordId record);
  void ack(queue::RecordId record);
  void hurry() { start(); }  // what has gathered
  void forget_writes() { work_.writes.clear(); }

  [[nodiscard]] bool idle() const { return !busy_ && !opening_ && work_.empty(); }
  [[nodiscard]] queue::SegmentQueue::Stats stats() const;

 private:
  struct Work {
    struct Write {
      Number number = 0;
      OutgoingPtr profile;
    };
    struct Load {
      Number number = 0;
      queue::RecordId record = 0;
    };
    std::vector<queue::RecordId> acks;
    std::vector<Write> writes;
    std::vector<Load> loads;
    [[nodiscard]] bool empty() const { return acks.empty() && writes.empty() && loads.empty(); }
  };
  struct Done {
    std::vector<std::pair<std::vector<Number>, Result<queue::RecordId>>> written;
    std::vector<queue::RecordId> evicted;
    std::vector<std::pair<Number, Result<OutgoingPtr>>> loaded;
  };
  static Result<std::pair<std::shared_ptr<queue::SegmentQueue>, Opened>> open_blocking(
      const Environment& environment, std::uint64_t max_bytes, bool whole);
  static Done run_blocking(queue::SegmentQueue& queue, const Work& work, const std::string& destination,
                           std::uint64_t max_bytes);
  static void write_blocking(queue::SegmentQueue& queue, const std::vector<Work::Write>& writes,
                             const std::string& destination, std::uint64_t max_bytes, Done& done);
  void start();
  void gather();
  void finished(Done done);

  const Environment env_;
  const Events events_;
  std::uint64_t max_bytes_;
  std::shared_ptr<queue::SegmentQueue> queue_;
  bool opening_ = false, busy_ = false;
  int open_attempts_ = 0;
  Work work_;
  async::Timer gather_timer_;
  async::Alive alive_;
};

}  // namespace invar::delivery
