// LedgerShots: how the ledgers stood, once a minute for an hour, so that pages can ask what became of profiles since then.
// A shot of more than kMostRows rows is not kept. Threads: loop thread only; since() is pure. Lifetime: what `host` points to outlives it.
// Source: web-api.md 5.
#pragma once

#include <compare>
#include <deque>
#include <map>
#include <string>

#include "webapi/host.h"

namespace invar::webapi {

struct LedgerCounts {
  std::uint64_t taken = 0, sent = 0, queued = 0, refused = 0, expired = 0, dropped = 0;
  bool operator==(const LedgerCounts&) const = default;
  LedgerCounts& operator+=(const LedgerCounts& other);
};
struct LedgerKey {
  std::string component, destination, type;
  auto operator<=>(const LedgerKey&) const = default;
};
struct LedgerShot {
  UnixNanos at_unix_ns = 0;
  std::map<std::string, std::uint64_t> passed;  // profiles, by component
  std::map<LedgerKey, LedgerCounts> rows;
};

LedgerShot shot_of(const ApiHost& host);
// What happened between the two. `taken` begins with what was queued then, so that every row still adds up. What fell began anew.
LedgerShot since(const LedgerShot& now, const LedgerShot& then);

class LedgerShots {
 public:
  static constexpr Duration kEvery = std::chrono::minutes(1);
  static constexpr std::size_t kMost = 61, kMostRows = 500;

  explicit LedgerShots(const ApiHost& host);
  // The newest that is as old as `from`, else the oldest; the first is the empty one of the start.
  [[nodiscard]] const LedgerShot& at(UnixNanos from) const;

 private:
  void take();

  const ApiHost& host_;
  std::deque<LedgerShot> shots_;  // oldest first, never empty
  async::Timer timer_;
};

}  // namespace invar::webapi
