// HistoryKeeper: reads the counters every 10 s into a History, and keeps that in STORAGE/history over restarts.
// A file that cannot be read or written costs the history alone. Threads: loop thread only; the disk pool reads and writes.
// Lifetime: what `host` points to outlives it. Source: web-api.md 5.
#pragma once

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

  explicit HistoryKeeper(const ApiHost& host);
  [[nodiscard]] const History& history() const { return history_; }
  // Profiles a second that passed a component lately; nothing when it is too young.
  [[nodiscard]] std::optional<double> rate(const std::string& component) const;

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
  std::map<std::string, std::uint64_t> passed_;  // by component, at the last reading
  std::map<std::string, double> rates_;
  async::TimePoint rates_at_{};
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::webapi
