#include "pipeline/ledger.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace invar::pipeline {

struct Ledger::Entry::State {
  std::string destination;
  log::Logger logger;
  std::map<std::string, LedgerRow, std::less<>> rows;
};

namespace {

constexpr std::string_view kOther = "other";

void add_sample(std::vector<metrics::Sample>& out, std::string_view name, std::string_view help,
                metrics::SampleKind kind, const std::string& destination, const std::string& type,
                const std::string* reason, std::uint64_t value) {
  metrics::Sample sample;
  sample.name = name;
  sample.help = help;
  sample.kind = kind;
  sample.labels = {{"destination", destination}, {"profile", type}};
  if (reason) sample.labels.emplace_back("reason", *reason);
  sample.value = static_cast<double>(value);
  out.push_back(std::move(sample));
}

void add_row(std::vector<metrics::Sample>& out, const std::string& destination, const std::string& type,
             const LedgerRow& row) {
  using metrics::SampleKind;
  const auto add = [&](std::string_view name, std::string_view help, SampleKind kind, std::uint64_t value,
                       const std::string* reason = nullptr) {
    add_sample(out, name, help, kind, destination, type, reason, value);
  };
  add("pyroscope_ledger_taken_total", "Profiles taken into this destination's care.", SampleKind::kCounter,
      row.taken);
  add("pyroscope_ledger_sent_total", "Profiles delivered or stored.", SampleKind::kCounter, row.sent);
  add("pyroscope_ledger_queued", "Profiles waiting or being sent.", SampleKind::kGauge, row.queued);
  add("pyroscope_ledger_expired_total", "Profiles given up because they became too old.",
      SampleKind::kCounter, row.expired);
  for (const auto& [reason, count] : row.refused_by_reason)
    add("pyroscope_ledger_refused_total", "Profiles that the destination refused or would refuse.",
        SampleKind::kCounter, count, &reason);
  for (const auto& [reason, count] : row.dropped_by_reason)
    add("pyroscope_ledger_dropped_total", "Profiles lost, by reason.", SampleKind::kCounter, count, &reason);
  if (row.recovered > 0)
    add("pyroscope_ledger_recovered_total", "Profiles found on disk after a restart; part of taken.",
        SampleKind::kCounter, row.recovered);
}

}  // namespace

Ledger::Entry& Ledger::Entry::operator=(Entry&& other) noexcept {
  if (this != &other) {
    if (open()) dropped("lost");
    state_ = std::move(other.state_);
    type_ = std::move(other.type_);
  }
  return *this;
}

Ledger::Entry::~Entry() {
  if (!open()) return;
  state_->logger.error("a profile was lost without an outcome; this is a bug in Invar",
                       {{"destination", state_->destination}, {"profile", type_}});
  dropped("lost");
}

void Ledger::Entry::left_on_disk() {
  INVAR_CHECK(open(), "a ledger entry is closed exactly once");
  state_ = nullptr;
}

std::shared_ptr<Ledger::Entry::State> Ledger::Entry::close() {
  INVAR_CHECK(open(), "a ledger entry is closed exactly once");
  --state_->rows[type_].queued;
  return std::exchange(state_, nullptr);
}

void Ledger::Entry::sent() {
  ++close()->rows[type_].sent;
}
void Ledger::Entry::expired() {
  ++close()->rows[type_].expired;
}

void Ledger::Entry::refused(std::string_view reason) {
  LedgerRow& row = close()->rows[type_];
  ++row.refused;
  ++row.refused_by_reason[std::string(reason)];
}

void Ledger::Entry::dropped(std::string_view reason) {
  LedgerRow& row = close()->rows[type_];
  ++row.dropped;
  ++row.dropped_by_reason[std::string(reason)];
}

Ledger::Ledger(metrics::Scope& scope, std::string destination, log::Logger logger)
    : state_(std::make_shared<Entry::State>()) {
  state_->destination = std::move(destination);
  state_->logger = std::move(logger);
  scope.on_collect([weak = std::weak_ptr<Entry::State>(state_)](std::vector<metrics::Sample>& out) {
    if (const auto state = weak.lock())
      for (const auto& [type, row] : state->rows) add_row(out, state->destination, type, row);
  });
}

Ledger::Entry Ledger::take(std::string_view profile_type) {
  auto row = state_->rows.find(profile_type);
  if (row == state_->rows.end()) {
    const std::string_view name = state_->rows.size() < kMaxTypes ? profile_type : kOther;
    row = state_->rows.try_emplace(std::string(name)).first;
  }
  ++row->second.taken;
  ++row->second.queued;
  Entry entry;
  entry.state_ = state_;
  entry.type_ = row->first;
  return entry;
}

Ledger::Entry Ledger::recover(std::string_view profile_type) {
  Entry entry = take(profile_type);
  ++state_->rows[entry.type_].recovered;
  return entry;
}

const std::string& Ledger::destination() const {
  return state_->destination;
}

const std::map<std::string, LedgerRow, std::less<>>& Ledger::rows() const {
  return state_->rows;
}

LedgerRow Ledger::total() const {
  LedgerRow sum;
  for (const auto& [type, row] : state_->rows) {
    sum.taken += row.taken;
    sum.sent += row.sent;
    sum.queued += row.queued;
    sum.refused += row.refused;
    sum.expired += row.expired;
    sum.dropped += row.dropped;
    sum.recovered += row.recovered;
    for (const auto& [reason, count] : row.refused_by_reason) sum.refused_by_reason[reason] += count;
    for (const auto& [reason, count] : row.dropped_by_reason) sum.dropped_by_reason[reason] += count;
  }
  return sum;
}

}  // namespace invar::pipeline
