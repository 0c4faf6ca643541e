// Spans: which of a program's own spans (profiler.Span of async-profiler) a thread was in at a time.
// Bounds:  kMaxSpans; of spans that overlap, one is found that is among the kDeepest that began last.
// Threads: one owner.   Source: pyroscope-java.md 8.
#pragma once

#include <cstdint>
#include <vector>

namespace invar::jfr {

class Spans {
 public:
  // `tag` is any number but 0. False: there are too many.
  bool add(std::uint64_t thread, std::uint64_t start_ticks, std::uint64_t duration_ticks, std::uint32_t tag);
  void sort();  // once, before tag_at()
  // Of the innermost one; 0: none.
  [[nodiscard]] std::uint32_t tag_at(std::uint64_t thread, std::uint64_t ticks) const;

 private:
  struct Span {
    std::uint64_t thread, start, end;
    std::uint32_t tag;
  };
  std::vector<Span> spans_;
};

}  // namespace invar::jfr
