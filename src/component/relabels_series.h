// RelabelsSeries: a component whose relabel rules profiles pass, and the label sets that came last.
// Threads: loop thread only. Source: web-api.md 6.
#pragma once

#include <cstddef>
#include <vector>

#include "labels/labels.h"
#include "labels/relabel.h"

namespace invar::component {

struct SeriesRelabeling {
  std::vector<Labels> inputs;  // the last used first
  relabel::Rules rules;
};

class RelabelsSeries {
 public:
  virtual ~RelabelsSeries() = default;
  // `most`: of the inputs.
  [[nodiscard]] virtual SeriesRelabeling series_relabeling(std::size_t most) const = 0;
};

}  // namespace invar::component
