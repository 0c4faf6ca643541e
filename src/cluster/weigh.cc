#include "cluster/weigh.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace invar::cluster {
namespace {

constexpr double kUnmeasured = 0.05;  // of the whole, for what was not measured
constexpr double kWorthAPlan = 1.05;  // the greatest by the mean
constexpr double kGoodEnough = 0.02;  // off the mean
constexpr double kMostMoved = 0.02;   // by one plan
constexpr double kGrain = kGoodEnough / 4;

// Moves slots from the heaviest node to the lightest while that helps and the budget lasts.
class Scales {
 public:
  Scales(const Shares& now, const std::vector<SlotCost>& costs)
      : nodes_(now.basis().names.size()), owner_(now.slots()), load_(nodes_), slots_(nodes_) {
    double bytes = 0, cpu = 0;
    for (const SlotCost& cost : costs) {
      bytes += cost.bytes;
      cpu += cost.cpu;
    }
    const double kinds = (bytes > 0 ? 1 : 0) + (cpu > 0 ? 1 : 0);
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      const double measured =
          kinds == 0
              ? 0
              : ((bytes > 0 ? costs[slot].bytes / bytes : 0) + (cpu > 0 ? costs[slot].cpu / cpu : 0)) / kinds;
      measured_.push_back(measured);
      weight_.push_back(measured + kUnmeasured / static_cast<double>(kSlots));
      load_[owner_[slot]] += weight_[slot];
      slots_[owner_[slot]].emplace(weight_[slot], slot);
      used_ += measured > 0;
    }
    mean_ = std::accumulate(load_.begin(), load_.end(), 0.0) / static_cast<double>(nodes_);
    const auto empty = std::ranges::count_if(slots_, [](const auto& own) { return own.empty(); });
    most_ = kMostMoved + static_cast<double>(empty) / static_cast<double>(nodes_);
    worth_it_ = empty > 0 || greatest() > kWorthAPlan;
    for (std::uint32_t node = 0; node < nodes_; ++node) order_.emplace(load_[node], node);
  }

  [[nodiscard]] bool worth_it() const { return worth_it_; }
  [[nodiscard]] double greatest() const { return *std::ranges::max_element(load_) / mean_; }
  [[nodiscard]] std::vector<double> parts() const {
    std::vector<double> out;
    for (const double load : load_) out.push_back(load / (mean_ * static_cast<double>(nodes_)));
    return out;
  }
  [[nodiscard]] const std::vector<std::uint32_t>& owners() const { return owner_; }
  [[nodiscard]] std::size_t moved() const { return moved_; }

  void level() {
    while (order_.size() > 1) {
      const auto [least, low] = *order_.begin();
      const auto [most, high] = *order_.rbegin();
      if (most <= mean_ * (1 + kGoodEnough) && least >= mean_ * (1 - kGoodEnough)) return;
      const auto slot = pick(high, most, least);
      if (slot == slots_[high].end()) {
        order_.erase({most, high});  // nothing of it makes anything better
        continue;
      }
      if (!affords(slot->second)) return;
      move(*slot, high, low);
    }
  }

 private:
  using Slots = std::set<std::pair<double, std::uint32_t>>;  // by weight

  // The largest that leaves both near the mean; else, of one that has too much, the smallest if that makes the two more even.
  Slots::iterator pick(std::uint32_t high, double most, double least) {
    Slots& own = slots_[high];
    const double wanted = std::min(most - mean_, mean_ - least) + kGrain * mean_;
    const auto above = own.upper_bound({wanted, kSlots});
    if (above != own.begin()) return std::prev(above);
    const bool helps = above != own.end() && most > mean_ * (1 + kGoodEnough) && above->first < most - least;
    return helps ? above : own.end();
  }
  [[nodiscard]] bool affords(std::uint32_t slot) const {
    if (static_cast<double>(moved_ + 1) > most_ * static_cast<double>(kSlots)) return false;
    if (measured_[slot] == 0 || moved_used_ == 0) return true;
    return moved_cost_ + measured_[slot] <= most_ &&
           static_cast<double>(moved_used_ + 1) <= most_ * static_cast<double>(used_);
  }
  void move(std::pair<double, std::uint32_t> what, std::uint32_t from, std::uint32_t to) {
    const auto [weight, slot] = what;
    for (const std::uint32_t node : {from, to}) order_.erase({load_[node], node});
    slots_[from].erase(what);
    slots_[to].insert(what);
    owner_[slot] = to;
    load_[from] -= weight;
    load_[to] += weight;
    for (const std::uint32_t node : {from, to}) order_.emplace(load_[node], node);
    ++moved_;
    moved_used_ += measured_[slot] > 0;
    moved_cost_ += measured_[slot];
  }

  const std::size_t nodes_;
  std::vector<std::uint32_t> owner_;  // by slot
  std::vector<double> load_;          // by node
  std::vector<Slots> slots_;          // by node
  std::vector<double> measured_, weight_;
  std::size_t used_ = 0;  // slots that cost something
  double mean_ = 0, most_ = 0;
  bool worth_it_ = false;
  std::set<std::pair<double, std::uint32_t>> order_;  // nodes by load
  std::size_t moved_ = 0, moved_used_ = 0;
  double moved_cost_ = 0;
};

}  // namespace

Weighed weigh(const Shares& now, const std::vector<SlotCost>& costs,
              const std::set<std::string>& remembered) {
  const Basis& basis = now.basis();
  Scales scales(now, costs);
  Weighed out;
  out.before = out.after = scales.greatest();
  const auto is_over = [&](const std::string& node) {
    return !std::ranges::binary_search(basis.names, node) && !remembered.contains(node);
  };
  const bool somebody_is_over = basis.plan && std::ranges::any_of(basis.plan->nodes, is_over);
  if (scales.worth_it()) scales.level();
  out.parts = scales.parts();
  if (scales.moved() == 0 && !somebody_is_over) return out;
  std::vector<std::string> owners;
  owners.reserve(kSlots);
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const std::string& owner = basis.names[scales.owners()[slot]];
    const bool stays = basis.plan && scales.owners()[slot] == now.slots()[slot];
    const std::string* planned = stays ? &basis.plan->nodes[basis.plan->owners[slot]] : nullptr;
    owners.push_back(planned != nullptr && remembered.contains(*planned) ? *planned : owner);
  }
  out.after = scales.greatest();
  out.moved = scales.moved();
  out.plan = make_plan(basis.plan ? basis.plan->epoch + 1 : 1, owners);
  return out;
}

}  // namespace invar::cluster
