// Ledger: where every profile went. One Ledger per destination of a component (endpoint URL, or archive directory).
//
//   taken = sent + queued + refused + expired + dropped      per profile type, true whenever the loop is idle
//
// An Entry is the receipt of one profile: made by take(), it must be closed exactly once. A destroyed open Entry is our bug
// turned into a count: dropped with reason "lost" (and a log line), so that the equation still holds.
// Exposed as pyroscope_ledger_{taken,sent,refused,expired,dropped}_total and pyroscope_ledger_queued, labels destination,
// profile, and reason on refused and dropped; read on the loop thread in one go, so that one scrape always balances.
// Threads: loop thread only. Lifetime: the Ledger outlives its entries (they share its state). Source: decision 11.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

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
    Entry& operator=(Entry&&) noexcept;
    ~Entry();
    void sent();
    void expired();
    void refused(std::string_view reason);  // the destination said no, or would say no
    void dropped(std::string_view reason);  // we gave it up
    [[nodiscard]] bool open() const { return state_ != nullptr; }

   private:
    friend class Ledger;
    struct State;
    std::shared_ptr<State> state_;
    std::string type_;
  };

  Ledger(metrics::Scope& scope, std::string destination);
  [[nodiscard]] Entry take(std::string_view profile_type);
  [[nodiscard]] Entry recover(std::string_view profile_type);  // found on disk after a restart: counts as taken again
  [[nodiscard]] const std::string& destination() const;
  [[nodiscard]] const std::map<std::string, LedgerRow>& rows() const;  // by profile type
  [[nodiscard]] LedgerRow total() const;

 private:
  std::shared_ptr<Entry::State> state_;
};

}  // namespace invar::pipeline
