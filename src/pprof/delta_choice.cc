#include "pprof/delta_choice.h"

#include <algorithm>

namespace invar::pprof {
namespace {

constexpr double kMost = 0.5;          // of the weight, of the profile
constexpr double kDeep = 0.125;        // of the weight that both have, lost
constexpr std::uint32_t kFew = 4;      // stacks
constexpr double kLeap = 0.25;         // distance
constexpr double kNoise = 1.0 / 64;    // of the weight that both have, lost
constexpr double kFewOf = 0.25;        // of the stacks that both have
constexpr double kClose = 0.125;       // distance of a profile that plainly continues an old baseline
constexpr double kMuchCloser = 0.125;  // than to the newest one
constexpr double kLight = 0.125;       // of the heaviest known: a process that has just started
constexpr std::uint8_t kSilent = 16;   // profiles

// The nearest baseline that the profile may continue, or fits.size().
template <class Accept>
std::size_t nearest(std::span<const Fit> fits, std::size_t from, Accept accept) {
  std::size_t best = fits.size();
  for (std::size_t i = from; i < fits.size(); ++i) {
    if (judge(fits[i]) == Verdict::kFell || !accept(fits[i])) continue;
    if (best == fits.size() || distance(fits[i]) < distance(fits[best])) best = i;
  }
  return best;
}

// Little against the heaviest of the known processes, in every column.
bool is_light(std::span<const Fit> fits) {
  return std::ranges::any_of(fits, [](const Fit& fit) {
    return std::ranges::all_of(fit.columns, [](const ColumnFit& c) { return c.now <= kLight * c.before; });
  });
}

}  // namespace

Verdict judge(const Fit& fit) {
  if (fit.fallen_stacks == 0) return Verdict::kContinues;
  const bool many = fit.fallen_stacks >= kFew && fit.fallen_stacks > kFewOf * fit.common_stacks;
  const bool heavy = std::ranges::any_of(
      fit.columns, [](const ColumnFit& c) { return c.fell > kMost * c.common && c.lost > kDeep * c.common; });
  // A process that runs on does not leap ahead while it loses what it had.
  const bool leap = distance(fit) > kLeap && std::ranges::any_of(fit.columns, [](const ColumnFit& c) {
                      return c.lost > kNoise * c.common;
                    });
  return many || heavy || leap ? Verdict::kFell : Verdict::kDips;
}

double distance(const Fit& fit) {
  double sum = 0;
  for (const ColumnFit& c : fit.columns) sum += c.distance / std::max(1.0, std::max(c.now, c.distance));
  return fit.columns.empty() ? 1 : sum / static_cast<double>(fit.columns.size());
}

Choice choose(std::span<const Fit> fits, bool several) {
  if (several) {
    const bool light = is_light(fits);
    const std::size_t known =
        nearest(fits, 0, [&](const Fit& fit) { return light || distance(fit) < kMost; });
    if (known < fits.size()) return {Choice::Is::kContinued, known};
    return {light ? Choice::Is::kRestarted : Choice::Is::kUnknown, 0};
  }
  const bool newest_fell = judge(fits[0]) == Verdict::kFell;
  const double at_most = newest_fell ? kClose : std::min(kClose, kMuchCloser * distance(fits[0]));
  const std::size_t old = nearest(fits, 1, [&](const Fit& fit) { return distance(fit) < at_most; });
  if (old < fits.size()) return {Choice::Is::kContinued, old};
  return {newest_fell ? Choice::Is::kRestarted : Choice::Is::kContinued, 0};
}

std::size_t to_replace(std::span<const Standing> baselines, Choice::Is newcomer) {
  std::size_t unproven = baselines.size(), oldest = 0;
  for (std::size_t i = 0; i < baselines.size(); ++i) {
    if (!baselines[i].proven && (unproven == baselines.size() || baselines[i].age < baselines[unproven].age))
      unproven = i;
    if (baselines[i].age > baselines[oldest].age) oldest = i;
  }
  if (unproven < baselines.size()) return unproven;
  const bool may_go = newcomer == Choice::Is::kRestarted || baselines[oldest].age >= kSilent;
  return may_go ? oldest : baselines.size();
}

}  // namespace invar::pprof
