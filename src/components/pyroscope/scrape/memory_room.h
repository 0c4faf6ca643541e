// MemoryRoom: whether the process has memory left for a job that is new here. A node that takes over what others left must not die of it.
//
// What is in use (resident, /proc/self/statm) and the limit (the least memory.max of its control groups, v1 or v2) are read again when the
// last reading is a second old and somebody asks; what was admitted since then counts as used. Without a limit there is always room.
// Bounds:   nine tenths of the limit.
// Threads:  loop thread; reads on the disk pool. Spec: clustering.md 12.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "async/worker_pool.h"
#include "base/log.h"
#include "fs/filesystem.h"

namespace invar::components::pyroscope_scrape {

struct MemoryReading {
  std::uint64_t used_bytes = 0;
  std::optional<std::uint64_t> limit_bytes;
};
// What cannot be read is no limit.
MemoryReading read_memory_blocking(fs::FileSystem& files);

class MemoryRoom {
 public:
  MemoryRoom(async::Loop& loop, async::WorkerPool& disk_pool, std::shared_ptr<fs::FileSystem> files,
             log::Logger logger);

  // Counts as used when there is room for them. Before the first reading there is.
  bool admit(std::uint64_t bytes);

 private:
  void read_again();

  async::Loop& loop_;
  async::WorkerPool& disk_pool_;
  const std::shared_ptr<fs::FileSystem> files_;
  const log::Logger logger_;
  MemoryReading last_;
  std::uint64_t admitted_bytes_ = 0;  // since then
  async::TimePoint read_at_{};
  bool reading_ = false, short_ = false;
  async::Alive alive_;  // last
};

}  // namespace invar::components::pyroscope_scrape
