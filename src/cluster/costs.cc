#include "cluster/costs.h"

#include <algorithm>

namespace invar::cluster {
namespace {

double seconds_of(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

void Costs::Use::go_to(std::int64_t now) {
  for (std::int64_t i = std::max(piece + 1, now - static_cast<std::int64_t>(kPieces) + 1); i <= now; ++i)
    pieces[static_cast<std::size_t>(i) % kPieces] = {};
  piece = std::max(piece, now);
}

void Costs::note(std::uint64_t key, std::uint64_t bytes, Duration cpu, async::TimePoint now) {
  const auto at = now.time_since_epoch() / kPiece;
  const auto [use, is_new] = uses_.try_emplace(slot_of(key));
  if (is_new) use->second = {.since = now, .piece = at, .pieces = {}};
  use->second.go_to(at);
  SlotCost& cost = use->second.pieces[static_cast<std::size_t>(at) % kPieces];
  cost.bytes += static_cast<double>(bytes);
  cost.cpu += static_cast<double>(cpu.count());
}

std::vector<Costs::Rate> Costs::rates(async::TimePoint now, const std::function<bool(std::size_t)>& is_ours) {
  std::erase_if(uses_, [&](const auto& entry) { return !is_ours(entry.first); });
  std::vector<Rate> out;
  const auto at = now.time_since_epoch() / kPiece;
  const Duration window = (now.time_since_epoch() - at * kPiece) + (kPieces - 1) * kPiece;
  for (auto& [slot, use] : uses_) {
    if (now - use.since < kKnown) continue;
    use.go_to(at);
    SlotCost sum;
    for (const SlotCost& piece : use.pieces) {
      sum.bytes += piece.bytes;
      sum.cpu += piece.cpu;
    }
    const double over = seconds_of(std::min<Duration>(now - use.since, window));
    out.push_back(
        {slot, static_cast<std::uint64_t>(sum.bytes / over), static_cast<std::uint64_t>(sum.cpu / over)});
  }
  return out;
}

}  // namespace invar::cluster
