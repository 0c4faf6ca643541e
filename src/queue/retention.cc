#include "queue/retention.h"

#include <limits>

namespace invar::queue {

RetentionPlan plan_retention(std::span<const SegmentInfo> oldest_first, const RetentionLimits& limits,
                             UnixNanos now, std::uint64_t incoming_bytes) {
  const std::int64_t age = limits.max_age.count();
  const bool ages = age < Duration::max().count() && now >= std::numeric_limits<UnixNanos>::min() + age;
  const auto expired = [&](const RecordInfo& record) { return ages && record.taken_unix_ns < now - age; };

  std::uint64_t used = 0;
  for (const SegmentInfo& segment : oldest_first) {
    // A segment of which nothing is left after expiry goes away by itself.
    bool stays = false;
    for (const RecordInfo& record : segment.pending) stays = stays || !expired(record);
    if (stays) used += segment.disk_bytes;
  }

  RetentionPlan plan;
  const bool can_fit = incoming_bytes <= limits.max_bytes;
  for (const SegmentInfo& segment : oldest_first) {
    const bool evict = can_fit && used > limits.max_bytes - incoming_bytes;
    bool stayed = false;
    for (const RecordInfo& record : segment.pending) {
      if (expired(record)) {
        plan.expired.push_back(record.id);
      } else {
        stayed = true;
        if (evict) plan.evicted.push_back(record.id);
      }
    }
    if (evict && stayed) used -= segment.disk_bytes;
  }
  return plan;
}

}  // namespace invar::queue
