// Delivery: one profile on its way to one endpoint, from its acceptance to its end.
// Its bytes are in memory, on disk, or both; what is needed to keep accounts of it is always in memory.
// Threads: loop thread only. Source: pyroscope-write.md 5, 8, 11; decisions 9-11.
#pragma once

#include <cstdint>
#include <memory>

#include "async/loop.h"
#include "delivery/backoff.h"
#include "delivery/outcome.h"
#include "delivery/protocol.h"
#include "queue/segment_format.h"

namespace invar::delivery {

struct Delivery {
  enum class Place {
    kOut,  // being sent, or not in the queue
    kSaving,
    kLive,
    kBacklog,
    kWaiting
  };
  enum class Disk { kNone, kWriting, kStored };

  // What a profile costs besides its bytes: this, the ledger's entry, the places in the indexes.
  static constexpr std::uint64_t kOverhead = 512;

  OutgoingPtr profile;  // null: only on disk
  UnixNanos taken_unix_ns = 0;
  std::uint64_t body_bytes = 0;
  const Protocol* protocol = nullptr;

  Receipt receipt;
  async::TimePoint accepted_at{};
  Backoff backoff;
  std::uint64_t attempts = 0;
  bool over_burst_once = false, maybe_stored = false;

  // The queue's own (delivery_queue.h).
  std::uint64_t number = 0;  // running, in order of acceptance
  Place place = Place::kOut;
  Disk disk = Disk::kNone;
  bool no_disk = false;  // the disk does not take it
  bool loading = false;
  queue::RecordId record = 0;
  std::uint64_t stored_bytes = 0, memory_bytes = 0;
  async::TimePoint due{};  // the next attempt of what waits

  [[nodiscard]] bool stored() const { return disk == Disk::kStored; }
};
using DeliveryPtr = std::unique_ptr<Delivery>;

}  // namespace invar::delivery
