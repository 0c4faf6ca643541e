#include "components/pyroscope/scrape/scraped_targets.h"

#include <fmt/format.h>

#include <charconv>

#include "components/pyroscope/scrape/scrape_pool.h"

namespace invar::components::pyroscope_scrape {
namespace {

using component::TargetRow;
using component::TargetState;

constexpr std::size_t kHexDigits = 16;

TargetState state_of(const LoopStatus& status, Duration interval) {
  if (status.health == TargetHealth::kDown) return TargetState::kFailing;
  if (status.health == TargetHealth::kUnknown) return TargetState::kWaiting;
  return status.last_duration > interval ? TargetState::kLate : TargetState::kOk;
}

}  // namespace

std::string row_id(std::uint64_t identity, std::string_view names) {
  return fmt::format("{:016x}~{}", identity, names);
}

std::optional<std::pair<std::uint64_t, std::string_view>> parse_row_id(std::string_view id) {
  if (id.size() < kHexDigits + 2 || id[kHexDigits] != '~') return std::nullopt;
  std::uint64_t identity = 0;
  const char* const end = id.data() + kHexDigits;
  const auto [at, error] = std::from_chars(id.data(), end, identity, 16);
  if (error != std::errc() || at != end) return std::nullopt;
  return std::pair(identity, id.substr(kHexDigits + 1));
}

TargetRow row_of(const ScrapeLoop& loop, std::uint64_t identity, std::string_view names, Duration interval) {
  const LoopStatus& status = loop.status();
  TargetRow row;
  row.id = row_id(identity, names);
  row.labels = loop.job().labels;
  row.type = loop.job().name;
  row.state = state_of(status, interval);
  row.last_unix_ns = status.last_scrape_unix_ns;
  row.took = status.last_duration;
  row.bytes = status.last_bytes;
  row.samples = status.last_samples;
  row.interval = interval;
  if (row.state == TargetState::kFailing) {
    row.cause = status.last_reason;
    row.text = without_request(status.last_error, loop.job().url);
    row.since_unix_ns = status.failing_since_unix_ns;
  } else if (row.state == TargetState::kLate) {
    row.cause = "late";
    row.text = "slower than the interval: scrapes are left out";
  }
  return row;
}

component::TargetDetail detail_of(const ScrapeLoop& loop, TargetRow row) {
  component::TargetDetail detail;
  detail.row = std::move(row);
  detail.url = loop.job().url;
  detail.next_unix_ns = loop.next_scrape_unix_ns();
  detail.scrapes = loop.history().scrapes();
  if (const auto* answer = loop.history().answer()) detail.answer = *answer;
  return detail;
}

TargetRow bad_row(std::size_t number, const std::string& target, const std::string& message) {
  TargetRow row;
  row.id = fmt::format("bad~{}", number);
  row.labels = Labels{{"target", target}};
  row.state = TargetState::kFailing;
  row.cause = "bad_target";
  row.text = message;
  return row;
}

// ---- ScrapePool as component::ScrapedTargets

// Bucket by bucket: a turn is bounded, and what comes and goes in between disturbs little. The targets that cannot be scraped come with
// the first turn.
std::size_t ScrapePool::rows(std::size_t from, std::size_t most, std::vector<TargetRow>& out) const {
  if (from == 0) {
    std::size_t number = 0;
    for (const auto& [target, message] : bad_targets_) out.push_back(bad_row(number++, target, message));
  }
  std::size_t bucket = from, seen = 0;
  for (; bucket < loops_.bucket_count() && seen < most; ++bucket, ++seen) {
    for (auto it = loops_.begin(bucket); it != loops_.end(bucket); ++it, ++seen)
      out.push_back(row_of(*it->second, it->first.identity, it->first.name, context_.scrape_interval));
  }
  return bucket >= loops_.bucket_count() ? 0 : bucket;
}

std::optional<component::TargetDetail> ScrapePool::detail(std::string_view id) const {
  const auto key = parse_row_id(id);
  const auto found = key ? loops_.find({key->first, std::string(key->second)}) : loops_.end();
  if (found == loops_.end()) return std::nullopt;
  return detail_of(*found->second, row_of(*found->second, key->first, key->second, context_.scrape_interval));
}

ScrapePool::Asked ScrapePool::scrape_now(std::string_view id) {
  const auto key = parse_row_id(id);
  const auto found = key ? loops_.find({key->first, std::string(key->second)}) : loops_.end();
  if (found == loops_.end()) return Asked::kUnknown;
  return found->second->scrape_now() ? Asked::kBegun : Asked::kBusy;
}

}  // namespace invar::components::pyroscope_scrape
