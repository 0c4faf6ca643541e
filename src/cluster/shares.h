// Shares: which node owns a key, the same on every node that knows the same names and the same plan.
// Shape:    by the ring alone, as Alloy's nodes do; or by slots: the node of the plan where it takes part, else that of the ring.
// Threads:  immutable, any thread. Cost: owner() is a search in the ring, or one look at a table.
// Spec:     clustering.md 2, 13.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/plan.h"
#include "cluster/ring.h"

namespace invar::cluster {

// What decides; equal ones give equal shares.
struct Basis {
  std::vector<std::string> names;  // sorted, each once
  bool by_cost = false;
  PlanPtr plan;  // null: none yet, or not by cost
  bool operator==(const Basis& other) const {
    return names == other.names && by_cost == other.by_cost &&
           (plan == other.plan || (plan && other.plan && plan->id == other.plan->id));
  }
};

class Shares {
 public:
  explicit Shares(Basis basis);

  [[nodiscard]] const Basis& basis() const { return basis_; }
  // "" of nobody.
  [[nodiscard]] std::string_view owner(std::uint64_t key) const {
    if (slots_.empty()) return ring_.owner(key);
    return basis_.names[slots_[slot_of(key)]];
  }
  // How owner() came about, for people.
  [[nodiscard]] std::string why(std::uint64_t key) const;
  // By slot, as indices into the names; empty unless by cost.
  [[nodiscard]] const std::vector<std::uint32_t>& slots() const { return slots_; }

 private:
  const Basis basis_;
  Ring ring_;  // empty where slots decide
  std::vector<std::uint32_t> slots_;
};
using SharesPtr = std::shared_ptr<const Shares>;

}  // namespace invar::cluster
