#include "components/discovery/relabel/discovery.h"

namespace invar::components::discovery_relabel {

using component::Target;
using component::TargetLabels;

std::optional<Target> relabeled(const Target& target, const relabel::Rules& rules) {
  std::vector<Label> sorted;
  sorted.reserve(target.labels().size() + rules.size());
  for (const auto& [name, value] : target.labels()) sorted.push_back({std::string(name), std::string(value)});
  LabelsBuilder labels(std::move(sorted));
  if (!relabel::apply(labels, rules)) return std::nullopt;
  std::vector<TargetLabels::Entry> entries;
  entries.reserve(labels.sorted().size());
  for (const Label& label : labels.sorted())
    entries.emplace_back(SharedText::common(label.name), SharedText::common(label.value));
  return Target(nullptr, TargetLabels(std::move(entries)));
}

component::Targets kept(const RelabeledTargets& relabeled) {
  component::Targets targets;
  for (const auto& target : relabeled.made())
    if (target) targets.push_back(*target);
  return targets;
}

}  // namespace invar::components::discovery_relabel
