// The ledger of all components for people and programs: JSON under PREFIX/api/v0/web/ledger, and a table of the status page.
// One row per component, destination and profile type: taken = sent + queued + refused + expired + dropped.
// Rates are those of the last minute. Threads: loop thread only. Source: decision 11.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <tuple>

#include "async/loop.h"
#include "component/view.h"

namespace invar::services {

struct LedgerRates {
  double taken = 0, sent = 0;  // per second
};

// Remembers the counts of the last minute.
class LedgerWatch {
 public:
  static constexpr Duration kEvery = std::chrono::seconds(10);
  static constexpr std::size_t kSamples = 6;

  // `components` outlives this.
  LedgerWatch(async::Loop& loop, const component::ComponentDirectory& components);
  [[nodiscard]] LedgerRates rates(const std::string& component, const std::string& destination,
                                  const std::string& profile, const pipeline::LedgerRow& now) const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  struct Sample {
    async::TimePoint at;
    std::map<Key, std::pair<std::uint64_t, std::uint64_t>> counts;  // taken, sent
  };
  void sample();

  async::Loop& loop_;
  const component::ComponentDirectory& components_;
  std::deque<Sample> samples_;
  async::Timer timer_;
};

std::string ledger_json(const component::ComponentDirectory& components, const LedgerWatch& watch);
// "" when no component keeps a ledger.
std::string ledger_table(const component::ComponentDirectory& components, const LedgerWatch& watch);

}  // namespace invar::services
