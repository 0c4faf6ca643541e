// Weighing: a plan under which every node carries about the same cost, with few moves. Pure; any thread.
//
// A plan moves at most 2 % of the cost, of the slots and of the slots that cost anything, and for each node that owns nothing yet one
// n-th more; one slot that costs anything is always moved, where few targets cost much. What nobody has measured is taken to cost a little: 1/20 of the whole is spread over all slots.
// Spec: clustering.md 13.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cluster/plan.h"
#include "cluster/shares.h"

namespace invar::cluster {

struct SlotCost {
  double bytes = 0, cpu = 0;  // in any unit, the same for all slots
};

struct Weighed {
  PlanPtr plan;                  // null: things may stay as they are
  double before = 1, after = 1;  // the greatest cost of a node by the mean
  std::vector<double> parts;     // of the whole cost, by node, after it
  std::size_t moved = 0;         // slots
};

// `now` goes by cost; `costs` by slot. `remembered`: nodes that are gone and may come back to what was theirs.
Weighed weigh(const Shares& now, const std::vector<SlotCost>& costs, const std::set<std::string>& remembered);

}  // namespace invar::cluster
