// Ledger: where every profile went. One per destination of a component (endpoint URL, archive directory).
//
//   taken = sent + queued + refused + expired + dropped    per profile type, true whenever the loop is idle
//
// An Entry is the receipt of one profile: made by take(), closed exactly once. One that is destroyed open is
// our bug turned into a count (dropped, reason "lost", and a log line), so that the equation still holds.
// Metrics: pyroscope_ledger_*, read in one go on the loop thread, so that one scrape always balances.
// Bounds:  kMaxTypes profile types have a row of their own (names come from outside); "other" is the rest.
// Threads: loop thread only.
// Lifetime: entries share the Ledger's state and may outlive it; the series go with the last of them. Keep
//          one Ledger per destination and scope: two would show one series twice. Source: decision 11.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "metrics/metrics.h"

namespace invar::pipeline {

struct LedgerRow {
  std::uint64_t taken = 0, sent = 0, queued = 0, refused = 0, expired = 0, dropped = 0, recovered = 0;
  std::map<std::string, std::uint64_t> refused_by_reason, dropped_by_reason;
  [[nodiscard]] bool balances() const { return taken == sent + queued + refused + expired + dropped; }
};

class Ledger {
 public:
  class Entry {
   public:
    Entry() = default;
    Entry(Entry&&) noexcept = default;
    Entry& operator=(Entry&& other) noexcept;
    ~Entry();
    void sent();
    void expired();
    void refused(std::string_view reason);  // the destination said no, or would say no
    void dropped(std::string_view reason);  // we gave it up
    void left_on_disk();                    // stays queued: the next process takes it again
    [[nodiscard]] bool open() const { return state_ != nullptr; }
    [[nodiscard]] const std::string& type() const { return type_; }  // the row it counts in

   private:
    friend class Ledger;
    struct State;
    std::shared_ptr<State> close();
    std::shared_ptr<State> state_;
    std::string type_;
  };

  static constexpr std::size_t kMaxTypes = 200;

  Ledger(metrics::Scope& scope, std::string destination, log::Logger logger = {});
  [[nodiscard]] Entry take(std::string_view profile_type);
  // Found on disk after a restart: counts as taken again.
  [[nodiscard]] Entry recover(std::string_view profile_type);
  [[nodiscard]] const std::string& destination() const;
  [[nodiscard]] const std::map<std::string, LedgerRow, std::less<>>& rows() const;  // by profile type
  [[nodiscard]] LedgerRow total() const;

 private:
  std::shared_ptr<Entry::State> state_;
};

}  // namespace invar::pipeline
