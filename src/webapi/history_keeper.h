// HistoryKeeper: reads the counters every 10 s into a History, and keeps that in STORAGE/history over restarts.
// A file that cannot be read or written costs the history alone. Threads: loop thread only; the disk pool reads and writes.
// Lifetime: what `host` points to outlives it. Source: web-api.md 5.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "webapi/history.h"
#include "webapi/host.h"

namespace invar::webapi {

class HistoryKeeper {
 public:
  static constexpr Duration kEvery = std::chrono::seconds(History::kFineStep);
  static constexpr int kSaveEvery = 6;  // readings: a minute
  // Over which rates of components are told.
  static constexpr std::array<Duration, 3> kWindows = {kEvery, 6 * kEvery, 30 * kEvery};

  explicit HistoryKeeper(const ApiHost& host);
  [[nodiscard]] const History& history() const { return history_; }
  // Profiles a second that passed a component in the last `window`, or since it is there; nothing when it is too young.
  [[nodiscard]] std::optional<double> rate(const std::string& component, Duration window) const;

 private:
  void read();
  void save();
  [[nodiscard]] Reading reading() const;
  void note_rates();
  void note_reload();

  const ApiHost& host_;
  const std::string path_;
  History history_;
  bool loaded_ = false, saving_ = false;
  UnixNanos config_loaded_ = 0;  // of the load that is known
  int readings_ = 0;
  struct Passed {
    async::TimePoint at;
    std::uint64_t profiles = 0;
  };
  std::map<std::string, std::deque<Passed>>
      passed_;  // by component; of the last readings, oldest first, as far as windows reach
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::webapi
