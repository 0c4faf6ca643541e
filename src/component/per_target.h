// PerTarget: what was made of each target of a list, carried over to the next list where a target is the same object, so that a change
// costs what it changed. The order may change a little (targets come and go); a list in another order is made anew.
//
//   PerTarget<Made> next(targets, before);                // a walk over both lists, nothing more
//   next.complete([](const Target& t) { return ...; });   // makes what is missing
//
// Threads: any; a value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "component/target.h"

namespace invar::component {

template <class Made>
class PerTarget {
 public:
  PerTarget() = default;
  PerTarget(Targets targets, const PerTarget& before) : targets_(std::move(targets)), made_(targets_.size()) {
    std::size_t expected = 0;  // in `before`
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const std::size_t end = std::min(before.targets_.size(), expected + kLookAhead);
      std::size_t at = expected;
      while (at < end && before.targets_[at].object() != targets_[i].object()) ++at;
      if (at == end) {
        missing_.push_back(i);
        continue;
      }
      made_[i] = before.made_[at];
      expected = at + 1;
    }
  }

  [[nodiscard]] std::size_t missing() const { return missing_.size(); }
  template <class Make>
  void complete(Make make) {
    for (const std::size_t i : missing_) made_[i] = make(targets_[i]);
    missing_.clear();
  }

  [[nodiscard]] const Targets& targets() const { return targets_; }
  [[nodiscard]] const std::vector<Made>& made() const { return made_; }  // in the order of the targets

 private:
  static constexpr std::size_t kLookAhead = 64;  // targets in a row that may have gone

  Targets targets_;
  std::vector<Made> made_;
  std::vector<std::size_t> missing_;
};

}  // namespace invar::component
