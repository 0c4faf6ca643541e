#include "webapi/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/strings.h"

namespace invar::webapi {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::string_view kHead = "invar history 1";

std::int64_t second_of(UnixNanos now, std::int64_t step) {
  const std::int64_t seconds = now / 1'000'000'000;
  return seconds - seconds % step;
}

}  // namespace

std::optional<std::size_t> series_named(std::string_view name) {
  const auto found = std::ranges::find(kSeries, name, &SeriesKind::name);
  return found == kSeries.end() ? std::nullopt : std::optional<std::size_t>(found - kSeries.begin());
}

void History::add(UnixNanos now, const Reading& reading) {
  const double passed = static_cast<double>(now - last_unix_ns_) / 1e9;
  Reading values = reading;
  for (std::size_t i = 0; i < kSeries.size(); ++i) {
    if (!kSeries[i].counter) continue;
    if (!last_ || passed <= 0) {
      values[i] = kUnknown;
      continue;
    }
    const double before = (*last_)[i];
    values[i] = (reading[i] >= before ? reading[i] - before : reading[i]) / passed;
  }
  last_ = reading;
  last_unix_ns_ = now;
  put(fine_, kFinePoints, kFineStep, second_of(now, kFineStep), values);
  put(coarse_, kCoarsePoints, kCoarseStep, second_of(now, kCoarseStep), values);
}

// Of several in one step the mean. A clock that was set back goes on where it was.
void History::put(std::deque<Point>& ring, std::size_t most, std::int64_t step, std::int64_t second,
                  const Reading& values) {
  if (!ring.empty() && second <= ring.back().second) {
    Point& point = ring.back();
    ++point.samples;
    for (std::size_t i = 0; i < kSeries.size(); ++i) {
      double& mean = point.values[i];
      if (std::isnan(mean)) {
        mean = values[i];
      } else if (!std::isnan(values[i])) {
        mean += (values[i] - mean) / point.samples;
      }
    }
    return;
  }
  ring.push_back({second, values});
  const std::int64_t oldest = second - static_cast<std::int64_t>(most - 1) * step;
  while (ring.front().second < oldest) ring.pop_front();
}

History::Range History::range(UnixNanos from, UnixNanos to, UnixNanos now) const {
  const std::int64_t hour_ago =
      second_of(now, kFineStep) - static_cast<std::int64_t>(kFinePoints - 1) * kFineStep;
  const bool fine = from / 1'000'000'000 >= hour_ago - kFineStep;
  const std::int64_t step = fine ? kFineStep : kCoarseStep;
  const std::size_t most = fine ? kFinePoints : kCoarsePoints;
  const std::int64_t last = second_of(std::min(to, now), step);
  const std::int64_t first = std::max(second_of(std::max<UnixNanos>(from, 0), step),
                                      second_of(now, step) - static_cast<std::int64_t>(most - 1) * step);
  return {.start_s = first,
          .step_s = step,
          .points = last < first ? 0 : static_cast<std::size_t>((last - first) / step + 1)};
}

std::vector<double> History::values(std::size_t series, const Range& range) const {
  std::vector<double> out(range.points, kUnknown);
  for (const Point& point : range.step_s == kFineStep ? fine_ : coarse_) {
    if (point.second < range.start_s) continue;
    const auto place = static_cast<std::size_t>((point.second - range.start_s) / range.step_s);
    if (place < out.size()) out[place] = point.values[series];
  }
  return out;
}

std::string_view to_string(History::MarkKind kind) {
  switch (kind) {
    case History::MarkKind::kStart:
      return "start";
    case History::MarkKind::kReload:
      return "reload";
    case History::MarkKind::kRefusedReload:
      break;
  }
  return "refused_reload";
}

void History::mark(UnixNanos at, MarkKind kind) {
  marks_.push_back({at / 1'000'000'000, kind});
  if (marks_.size() > kMostMarks) marks_.pop_front();
}

std::vector<History::Mark> History::marks(const Range& range) const {
  const std::int64_t end = range.start_s + static_cast<std::int64_t>(range.points) * range.step_s;
  std::vector<Mark> out;
  for (const Mark& mark : marks_)
    if (mark.second >= range.start_s && mark.second < end) out.push_back(mark);
  return out;
}

std::string History::serialize() const {
  std::string out = fmt::format("{}\n", kHead);
  for (const Mark& mark : marks_) out += fmt::format("mark {} {}\n", mark.second, to_string(mark.kind));
  for (const auto* ring : {&fine_, &coarse_}) {
    for (const Point& point : *ring) {
      out += fmt::format("{} {} {}", ring == &fine_ ? kFineStep : kCoarseStep, point.second, point.samples);
      for (const double value : point.values) out += std::isnan(value) ? " -" : " " + format_double(value);
      out += '\n';
    }
  }
  return out;
}

History History::parse(std::string_view text, UnixNanos now) {
  History history;
  const auto lines = split(text, '\n');
  if (lines.front() != kHead) return history;
  for (const std::string_view line : lines) {
    const auto words = split(line, ' ');
    if (words.size() == 3 && words[0] == "mark") {
      const auto second = parse_int(words[1]);
      for (const auto kind : {MarkKind::kStart, MarkKind::kReload, MarkKind::kRefusedReload})
        if (second && *second <= now / 1'000'000'000 && words[2] == to_string(kind))
          history.mark(*second * 1'000'000'000, kind);
      continue;
    }
    if (words.size() != kSeries.size() + 3) continue;
    const auto step = parse_int(words[0]), second = parse_int(words[1]);
    const auto samples = parse_uint(words[2]);
    if (!step || !second || !samples || *samples == 0 || (*step != kFineStep && *step != kCoarseStep))
      continue;
    auto& ring = *step == kFineStep ? history.fine_ : history.coarse_;
    // Of the future: the clock was wrong then or is now.
    if (*second > now / 1'000'000'000 || (!ring.empty() && *second <= ring.back().second)) continue;
    Point point{.second = *second,
                .samples = static_cast<std::uint32_t>(std::min<std::uint64_t>(*samples, 1000))};
    for (std::size_t i = 0; i < kSeries.size(); ++i)
      point.values[i] = parse_double(words[i + 3]).value_or(kUnknown);
    ring.push_back(point);
  }
  const auto trim = [](std::deque<Point>& ring, std::size_t most) {
    while (ring.size() > most) ring.pop_front();
  };
  trim(history.fine_, kFinePoints);
  trim(history.coarse_, kCoarsePoints);
  return history;
}

}  // namespace invar::webapi
