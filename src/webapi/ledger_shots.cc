#include "webapi/ledger_shots.h"

namespace invar::webapi {

LedgerCounts& LedgerCounts::operator+=(const LedgerCounts& other) {
  taken += other.taken;
  sent += other.sent;
  queued += other.queued;
  refused += other.refused;
  expired += other.expired;
  dropped += other.dropped;
  return *this;
}

LedgerShot shot_of(const ApiHost& host) {
  LedgerShot shot{.at_unix_ns = host.loop->unix_ns(), .passed = {}, .rows = {}};
  for (const auto& view : host.components->list_all()) {
    const std::string id = view.id();
    if (const auto running = host.components->running(id)) shot.passed[id] = running->tap.profiles();
    for (const auto& ledger : view.ledgers)
      for (const auto& [type, row] : ledger.rows)
        shot.rows[{id, ledger.destination, type}] = {row.taken,   row.sent,    row.queued,
                                                     row.refused, row.expired, row.dropped};
  }
  return shot;
}

LedgerShot since(const LedgerShot& now, const LedgerShot& then) {
  LedgerShot out = now;
  out.at_unix_ns = then.at_unix_ns;
  for (auto& [component, passed] : out.passed) {
    const auto before = then.passed.find(component);
    if (before != then.passed.end() && before->second <= passed) passed -= before->second;
  }
  for (auto& [key, row] : out.rows) {
    const auto found = then.rows.find(key);
    if (found == then.rows.end()) continue;
    const LedgerCounts& before = found->second;
    const bool anew = row.taken < before.taken || row.sent < before.sent || row.refused < before.refused ||
                      row.expired < before.expired || row.dropped < before.dropped;
    if (anew) continue;
    row.sent -= before.sent;
    row.refused -= before.refused;
    row.expired -= before.expired;
    row.dropped -= before.dropped;
    row.taken -= before.taken - before.queued;
  }
  return out;
}

LedgerShots::LedgerShots(const ApiHost& host) : host_(host), timer_(*host.loop) {
  shots_.push_back({.at_unix_ns = host.started_unix_ns, .passed = {}, .rows = {}});
  timer_.arm_after(kEvery, [this] { take(); });
}

void LedgerShots::take() {
  if (LedgerShot shot = shot_of(host_); shot.rows.size() <= kMostRows) shots_.push_back(std::move(shot));
  if (shots_.size() > kMost) shots_.pop_front();
  timer_.arm_after(kEvery, [this] { take(); });
}

const LedgerShot& LedgerShots::at(UnixNanos from) const {
  for (auto shot = shots_.rbegin(); shot != shots_.rend(); ++shot)
    if (shot->at_unix_ns <= from) return *shot;
  return shots_.front();
}

}  // namespace invar::webapi
