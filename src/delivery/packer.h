// Packer: makes of a profile what every endpoint sends: label rules, a look into bodies that nobody has checked, one encoding.
// Bounds:  bodies that wait for the look take `room` bytes at most.
// Threads: loop thread only; the look is taken on the worker pool. Lifetime: what is not packed when it ends is dropped ("stopped").
// Source:  pyroscope-write.md 3, 4, 7; decisions 9, 12, 15.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "delivery/local_check.h"
#include "delivery/outcome.h"
#include "delivery/push_request.h"
#include "pipeline/profile.h"

namespace invar::delivery {

struct Packed {
  OutgoingPtr profile;
  std::uint64_t raw_bytes = 0;  // uncompressed; 0 when nobody had to look
};

class Packer {
 public:
  struct Limits {
    std::uint64_t room = 0;
    Duration max_age{0};   // by the time inside the body; 0: no limit
    bool measure = false;  // raw_bytes is wanted, of bodies that somebody has checked, too
  };
  // Outcome: it is refused or dropped, and goes to no endpoint. Called once, at once or later.
  using Done = std::move_only_function<void(std::expected<Packed, Outcome>)>;

  Packer(async::Loop& loop, async::WorkerPool& pool) : loop_(loop), pool_(pool) {}
  ~Packer();

  // `labels`: Protocol::labels(). The body is not empty.
  void pack(const pipeline::ProfilePtr& profile, Labels labels, const Limits& limits, Done done);
  void hurry();  // what waits for a look is packed without one, now
  [[nodiscard]] std::uint64_t waiting_bytes() const { return waiting_bytes_; }

 private:
  struct Waiting {
    pipeline::ProfilePtr profile;
    Labels labels;
    Duration max_age{0};
    Done done;
  };
  void looked(std::uint64_t id, const LocalCheck& found);

  async::Loop& loop_;
  async::WorkerPool& pool_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_id_ = 0, waiting_bytes_ = 0;
  async::Alive alive_;
};

}  // namespace invar::delivery
