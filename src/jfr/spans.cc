#include "jfr/spans.h"

#include <algorithm>
#include <utility>

#include "jfr/limits.h"

namespace invar::jfr {
namespace {

constexpr int kDeepest = 64;

}  // namespace

bool Spans::add(std::uint64_t thread, std::uint64_t start_ticks, std::uint64_t duration_ticks,
                std::uint32_t tag) {
  if (spans_.size() == kMaxSpans) return false;
  spans_.push_back({thread, start_ticks, start_ticks + duration_ticks, tag});
  return true;
}

void Spans::sort() {
  std::ranges::sort(spans_, {}, [](const Span& span) { return std::pair(span.thread, span.start); });
}

std::uint32_t Spans::tag_at(std::uint64_t thread, std::uint64_t ticks) const {
  auto at = std::ranges::upper_bound(spans_, std::pair(thread, ticks), {},
                                     [](const Span& span) { return std::pair(span.thread, span.start); });
  for (int steps = 0; steps < kDeepest && at != spans_.begin(); ++steps) {
    --at;
    if (at->thread != thread) break;
    if (at->end >= ticks) return at->tag;
  }
  return 0;
}

}  // namespace invar::jfr
