// Which records of a bounded queue have to go. Pure: no clock, no disk. Oldest first, and only whole segments give disk
// space back. Units: bytes on disk; instants are Unix nanoseconds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "queue/segment_format.h"

namespace invar::queue {

struct RecordInfo {
  RecordId id = 0;
  UnixNanos taken_unix_ns = 0;
  std::uint32_t header_bytes = 0;
  std::uint32_t body_bytes = 0;
};

struct SegmentInfo {
  std::uint64_t disk_bytes = 0;
  std::vector<RecordInfo> pending;  // oldest first
};

struct RetentionLimits {
  std::uint64_t max_bytes = UINT64_MAX;
  Duration max_age = Duration::max();
};

struct RetentionPlan {
  std::vector<RecordId> expired;  // too old to be of use
  std::vector<RecordId> evicted;  // given up so that younger ones fit
};

// Makes room for `incoming_bytes`. What could never fit evicts nothing: it is refused instead.
RetentionPlan plan_retention(std::span<const SegmentInfo> oldest_first, const RetentionLimits& limits,
                             UnixNanos now, std::uint64_t incoming_bytes);

}  // namespace invar::queue
