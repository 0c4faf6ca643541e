#include "cluster/shares.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace invar::cluster {
namespace {

std::optional<std::uint32_t> place_of(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::ranges::lower_bound(names, name);
  if (found == names.end() || *found != name) return std::nullopt;
  return static_cast<std::uint32_t>(found - names.begin());
}

}  // namespace

Shares::Shares(Basis basis) : basis_(std::move(basis)), ring_(basis_.names) {
  if (!basis_.by_cost || basis_.names.empty()) return;
  const Ring ring = std::exchange(ring_, Ring({}));
  std::vector<std::optional<std::uint32_t>> planned;  // by index of the plan
  if (basis_.plan) {
    for (const std::string& node : basis_.plan->nodes) planned.push_back(place_of(basis_.names, node));
  }
  slots_.reserve(kSlots);
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const auto owner = basis_.plan ? planned[basis_.plan->owners[slot]] : std::nullopt;
    slots_.push_back(owner ? *owner : *place_of(basis_.names, ring.owner(middle_of(slot))));
  }
}

std::string Shares::why(std::uint64_t key) const {
  if (basis_.names.empty()) return "no node takes part yet";
  if (slots_.empty()) return "the ring gives it the target's key";
  const Plan* plan = basis_.plan.get();
  const bool planned = plan != nullptr && plan->nodes[plan->owners[slot_of(key)]] == owner(key);
  if (planned) return "plan " + std::to_string(plan->epoch) + " gives it this part of the keys, by cost";
  return plan == nullptr ? "the ring gives it this part of the keys, as long as there is no plan"
                         : "the ring gives it this part of the keys: the node of the plan is not there";
}

}  // namespace invar::cluster
