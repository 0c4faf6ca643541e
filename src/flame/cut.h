// Cuts a tree to a number of nodes, for pages: the smallest subtrees go, and what goes below a node becomes one child of it, "(too small to
// show)", so that all totals stay as they were. Threads: any; pure.
#pragma once

#include <cstddef>

#include "pprof/tree.h"

namespace invar::flame {

struct Cut {
  pprof::FlameTree tree;
  std::size_t nodes = 0;  // that went
  double share = 0;       // of the total of the default type (the larger side) that they held themselves
};
Cut cut(pprof::FlameTree tree, std::size_t most_nodes);

}  // namespace invar::flame
