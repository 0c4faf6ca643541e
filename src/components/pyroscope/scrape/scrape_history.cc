#include "components/pyroscope/scrape/scrape_history.h"

#include <algorithm>
#include <limits>

namespace invar::components::pyroscope_scrape {
namespace {

// Of the loop thread, as all histories are.
std::size_t answers_kept = 0;

// The words by number: they are those of the program's own errors.
std::vector<std::string>& words() {
  static std::vector<std::string> list;
  return list;
}

std::uint32_t number_of(std::string_view word) {
  auto& list = words();
  const auto found = std::ranges::find(list, word);
  if (found != list.end()) return static_cast<std::uint32_t>(found - list.begin());
  list.emplace_back(word);
  return static_cast<std::uint32_t>(list.size() - 1);
}

std::uint32_t narrowed(std::uint64_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

void ScrapeHistory::add(UnixNanos started, Duration took, std::uint64_t bytes, std::uint64_t samples,
                        std::string_view outcome) {
  if (!records_) records_ = std::make_unique<std::array<Record, kRecords>>();
  (*records_)[count_ % kRecords] = {.started_unix_ns = started,
                                    .took_seconds = std::chrono::duration<float>(took).count(),
                                    .bytes = narrowed(bytes),
                                    .samples = narrowed(samples),
                                    .outcome = number_of(outcome)};
  ++count_;
}

void ScrapeHistory::keep_answer(component::FailedAnswer answer) {
  if (!answer_ && answers_kept == kMostAnswers) return;
  answers_kept += answer_ ? 0 : 1;
  answer_ = std::make_unique<component::FailedAnswer>(std::move(answer));
}

void ScrapeHistory::forget_answer() {
  if (answer_) --answers_kept;
  answer_.reset();
}

std::vector<component::ScrapeRecord> ScrapeHistory::scrapes() const {
  std::vector<component::ScrapeRecord> out;
  for (std::uint32_t i = 0; i < std::min<std::size_t>(count_, kRecords); ++i) {
    const Record& record = (*records_)[(count_ - 1 - i) % kRecords];
    out.push_back(
        {.started_unix_ns = record.started_unix_ns,
         .took = std::chrono::duration_cast<Duration>(std::chrono::duration<float>(record.took_seconds)),
         .bytes = record.bytes,
         .samples = record.samples,
         .outcome = words()[record.outcome]});
  }
  return out;
}

}  // namespace invar::components::pyroscope_scrape
