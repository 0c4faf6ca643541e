// ScrapeHistory: the last scrapes of one loop, and the last answer that was no profile; for pages.
// Bounds:  kRecords scrapes of 24 bytes; an answer's head of kHeadBytes, of at most kMostAnswers loops of a process.
// Threads: loop thread only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "component/inspection.h"

namespace invar::components::pyroscope_scrape {

class ScrapeHistory {
 public:
  static constexpr std::size_t kRecords = 10, kHeadBytes = 1000, kMostAnswers = 2000;

  ScrapeHistory() = default;
  ScrapeHistory(const ScrapeHistory&) = delete;
  ScrapeHistory& operator=(const ScrapeHistory&) = delete;
  ~ScrapeHistory() { forget_answer(); }

  // `outcome`: "ok", or the word of the cause; there are few of them.
  void add(UnixNanos started, Duration took, std::uint64_t bytes, std::uint64_t samples,
           std::string_view outcome);
  void keep_answer(component::FailedAnswer answer);

  [[nodiscard]] std::vector<component::ScrapeRecord> scrapes() const;  // newest first
  [[nodiscard]] const component::FailedAnswer* answer() const { return answer_.get(); }

 private:
  struct Record {
    UnixNanos started_unix_ns = 0;
    float took_seconds = 0;
    std::uint32_t bytes = 0, samples = 0;  // at most that many are shown
    std::uint32_t outcome = 0;
  };
  void forget_answer();

  std::unique_ptr<std::array<Record, kRecords>> records_;  // the first scrape makes them
  std::uint32_t count_ = 0;                                // of all there were
  std::unique_ptr<component::FailedAnswer> answer_;
};

}  // namespace invar::components::pyroscope_scrape
