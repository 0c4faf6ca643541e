// RecentProfiles: the last profiles of every series, in memory, so that flame graphs of live data need neither archive nor server.
//
// Bounded by bytes over all series: the oldest goes first, so every series reaches back equally far. A profile that arrived
// compressed is shared with the queues and costs no copy; a plain one is compressed on the pool. Of bodies that came by /ingest those
// are kept that `shows` says can be looked at, as they came; one series holds all of them that an application sends.
// Threads:  loop thread only. Lifetime: `loop` and `pool` outlive it; what was handed out stays valid.
// Source:   web-api.md 4.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/worker_pool.h"
#include "pipeline/profile.h"

namespace invar::pipeline {

class RecentProfiles {
 public:
  static constexpr std::uint64_t kDefaultBytes = std::uint64_t{64} << 20;
  static constexpr std::uint64_t kEntryBytes = 256;  // what a profile itself takes, roughly

  struct Entry {
    std::uint64_t number = 0;  // rises by one from profile to profile
    ProfilePtr profile;
  };
  struct Series {
    std::uint64_t id = 0;  // of component and labels, the same after a restart
    std::string component;
    Labels labels;
    std::deque<Entry> entries;  // oldest first, never empty
    std::uint64_t bytes = 0;
  };
  using AllSeries = std::map<std::uint64_t, Series>;

  using Shows = std::function<bool(const IngestInfo&)>;
  RecentProfiles(async::WorkerPool& pool, std::uint64_t limit_bytes, Shows shows = nullptr)
      : pool_(pool), limit_bytes_(limit_bytes), shows_(std::move(shows)) {}

  void keep(const std::string& component, const ProfilePtr& profile);

  [[nodiscard]] const AllSeries& series() const { return series_; }
  [[nodiscard]] const Series* find(std::uint64_t id) const;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t limit_bytes() const { return limit_bytes_; }
  [[nodiscard]] UnixNanos oldest_unix_ns() const;                       // 0: nothing is kept
  [[nodiscard]] std::uint64_t not_shown() const { return not_shown_; }  // came by /ingest in other formats

 private:
  struct Place {
    std::uint64_t number = 0, series = 0;
  };
  static std::uint64_t cost(const Profile& profile) { return profile.body->capacity() + kEntryBytes; }
  void put(const std::string& component, const ProfilePtr& profile);
  void drop_oldest();

  async::WorkerPool& pool_;
  const std::uint64_t limit_bytes_;
  const Shows shows_;
  AllSeries series_;
  std::deque<Place> order_;  // of all entries, oldest first
  std::uint64_t last_number_ = 0, bytes_ = 0, not_shown_ = 0;
  async::Alive alive_;
};

}  // namespace invar::pipeline
