#include "pprof/delta_succession.h"

#include <limits>

namespace invar::pprof {
namespace {

void grow_older(std::vector<DeltaState::Other>& baselines) {
  for (auto& [state, standing] : baselines) {
    if (standing.age < std::numeric_limits<std::uint8_t>::max()) ++standing.age;
  }
}

}  // namespace

std::optional<DeltaState::Beside> beside_next(const DeltaStatePtr& previous, const Choice& choice) {
  const auto* const before = previous->beside();
  const bool continued = choice.is == Choice::Is::kContinued;
  DeltaState::Beside next{
      .newest_proven = continued,
      .several = (before != nullptr && before->several) || (continued && choice.baseline > 0)};
  auto& others = next.others;
  if (!continued || choice.baseline > 0)
    others.push_back({alone(previous), {.proven = before != nullptr && before->newest_proven}});
  if (before != nullptr) others.insert(others.end(), before->others.begin(), before->others.end());
  if (continued && choice.baseline > 0)
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(choice.baseline));
  grow_older(others);
  const std::uint8_t oldest = next.several ? kForgottenAfter : kWatchedAfterRestart;
  std::erase_if(others, [&](const auto& other) { return other.standing.age > oldest; });
  if (others.size() < kMaxBaselines) return next;

  std::vector<Standing> standings;
  for (const auto& other : others) standings.push_back(other.standing);
  const std::size_t leaving = to_replace(standings, choice.is);
  if (leaving == standings.size()) return std::nullopt;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(leaving));
  return next;
}

DeltaStatePtr one_profile_older(const DeltaState& previous) {
  const std::shared_ptr<DeltaState> same = copy_alone(previous);
  if (const auto* const beside = previous.beside(); beside != nullptr) {
    DeltaState::Beside older = *beside;
    grow_older(older.others);
    same->set_beside(std::move(older));
  }
  return same;
}

}  // namespace invar::pprof
