// Which baseline a cumulative profile belongs to: the counters decide, never the time alone. Pure.
// Spec: pyroscope-scrape.md 13.
//
//   nothing fell                     the same process, running on
//   few stacks fell                  the same process, measured unsteadily: a dip
//   most of the weight fell          another process: a restart, or one of several behind one address
//
// After a restart the old baseline stays for some profiles. One that continues it better than the new one shows that several
// processes answer in turn, and from then on each has its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace invar::pprof {

// One cumulative column of a profile beside a baseline, in the column's unit. Doubles: sums of many counters.
struct ColumnFit {
  double now = 0;       // all that the profile holds
  double before = 0;    // all that the baseline holds
  double common = 0;    // of `before`, the stacks that both have
  double fell = 0;      // of `common`, the stacks whose counter is lower now
  double lost = 0;      // by how much
  double distance = 0;  // sum of |now - before| over the profile's stacks; unknown ones were 0
};

struct Fit {
  std::vector<ColumnFit> columns;
  std::uint32_t common_stacks = 0;
  std::uint32_t fallen_stacks = 0;  // in any column
};

enum class Verdict { kContinues, kDips, kFell };
Verdict judge(const Fit& fit);

// How much of the profile the baseline does not explain: 0 nothing, 1 all of it.
double distance(const Fit& fit);

struct Choice {
  enum class Is {
    kContinued,  // of `baseline`
    kRestarted,  // a new process: its totals are what happened
    kUnknown,    // one more of several processes, first seen in the middle of its life
  };
  Is is = Is::kRestarted;
  std::size_t baseline = 0;
};

// `fits`: of the newest baseline, then of those beside it. `several`: more than one process is known to answer.
Choice choose(std::span<const Fit> fits, bool several);

// What is known of a baseline when room is needed for another.
struct Standing {
  std::uint8_t age = 0;  // profiles since it was the newest
  bool proven = false;   // a later profile has continued it
};
inline constexpr std::size_t kMaxBaselines = 4;
inline constexpr std::uint8_t kWatchedAfterRestart =
    10;  // profiles: a longer silence means that the process is gone
inline constexpr std::uint8_t kForgottenAfter = 100;  // the same, where several are known

// Which of a full house makes room; `size` when none may. An unknown process may only replace what nothing has continued, or
// what has long been silent: with more processes than baselines most of them stay exact.
std::size_t to_replace(std::span<const Standing> baselines, Choice::Is newcomer);

}  // namespace invar::pprof
