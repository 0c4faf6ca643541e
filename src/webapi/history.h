// History: counters of the last hour, 10 s apart, and of the last day, 5 min apart; bounded, and as text for the disk.
// Values:  counters as rates a second over the step, gauges as they were; NaN: not known (the process did not run).
// Threads: one owner; pure. Source: web-api.md 5.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace invar::webapi {

struct SeriesKind {
  std::string_view name, unit;
  bool counter = false;
};
inline constexpr std::array<SeriesKind, 14> kSeries = {{{"taken", "profiles/s", true},
                                                        {"sent", "profiles/s", true},
                                                        {"refused", "profiles/s", true},
                                                        {"expired", "profiles/s", true},
                                                        {"dropped", "profiles/s", true},
                                                        {"scrapes", "scrapes/s", true},
                                                        {"scrapes_failed", "scrapes/s", true},
                                                        {"cpu", "cores", true},
                                                        {"queued", "profiles", false},
                                                        {"oldest", "s", false},
                                                        {"queue_bytes", "bytes", false},
                                                        {"targets", "targets", false},
                                                        {"targets_failing", "targets", false},
                                                        {"rss", "bytes", false}}};
using Reading = std::array<double, kSeries.size()>;  // counters as they stand, gauges
std::optional<std::size_t> series_named(std::string_view name);

class History {
 public:
  static constexpr std::int64_t kFineStep = 10, kCoarseStep = 300;  // seconds
  static constexpr std::size_t kFinePoints = 360, kCoarsePoints = 288;

  // Every kFineStep seconds or less often; a counter that fell began anew at 0.
  void add(UnixNanos now, const Reading& reading);

  struct Range {
    std::int64_t start_s = 0, step_s = 0;
    std::size_t points = 0;
  };
  // What is shown of the time: fine while all of it is within the last hour.
  [[nodiscard]] Range range(UnixNanos from, UnixNanos to, UnixNanos now) const;
  [[nodiscard]] std::vector<double> values(std::size_t series, const Range& range) const;
  [[nodiscard]] const Reading* latest() const { return fine_.empty() ? nullptr : &fine_.back().values; }

  // What explains a jump in a chart.
  enum class MarkKind { kStart, kReload, kRefusedReload };
  struct Mark {
    std::int64_t second = 0;
    MarkKind kind = MarkKind::kStart;
    bool operator==(const Mark&) const = default;
  };
  static constexpr std::size_t kMostMarks = 200;  // the newest
  void mark(UnixNanos at, MarkKind kind);
  [[nodiscard]] std::vector<Mark> marks(const Range& range) const;

  [[nodiscard]] std::string serialize() const;
  // Lines that are not as expected are left out.
  static History parse(std::string_view text, UnixNanos now);

 private:
  struct Point {
    std::int64_t second = 0;  // a multiple of the step: its begin
    Reading values{};
    std::uint32_t samples = 1;  // that the mean is made of
  };
  static void put(std::deque<Point>& ring, std::size_t most, std::int64_t step, std::int64_t second,
                  const Reading& values);

  std::deque<Point> fine_, coarse_;
  std::deque<Mark> marks_;
  std::optional<Reading> last_;
  UnixNanos last_unix_ns_ = 0;
};

std::string_view to_string(History::MarkKind kind);  // "start", "reload", "refused_reload"

}  // namespace invar::webapi
