// What discovery.relabel does, as a value: each target with what the rules made of it, of which the next list takes over what is the same.
// Order is kept, dropped targets are left out; labels with empty values are never in the result, even without
// rules; a target that lost all labels stays, empty. Threads: any; pure. Spec: relabel.md 7.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "component/per_target.h"
#include "component/target.h"
#include "labels/relabel.h"

namespace invar::components::discovery_relabel {

using RelabeledTargets = component::PerTarget<std::optional<component::Target>>;  // none: dropped

class Relabeler {
 public:
  Relabeler() = default;
  explicit Relabeler(relabel::Rules rules);

  [[nodiscard]] std::optional<component::Target> relabeled(const component::Target& target) const;
  [[nodiscard]] std::size_t rule_count() const { return rules_.size(); }

 private:
  [[nodiscard]] bool drops(const component::Target& target) const;

  relabel::Rules rules_;
  // The rules that decide whether a target is dropped, and all labels that these read, sorted: most targets of a cluster are dropped,
  // for which their other labels need not be looked at. None where a rule before the last of them reads all labels.
  relabel::Rules deciding_;
  std::vector<std::string> deciding_labels_;
};

component::Targets kept(const RelabeledTargets& relabeled);

}  // namespace invar::components::discovery_relabel
