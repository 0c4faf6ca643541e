#include "components/discovery/relabel/discovery.h"

#include <algorithm>
#include <utility>

namespace invar::components::discovery_relabel {

using component::Target;
using component::TargetLabels;

namespace {

bool may_drop(const relabel::Rule& rule) {
  using relabel::Action;
  switch (rule.config().action) {
    case Action::kKeep:
    case Action::kDrop:
    case Action::kKeepEqual:
    case Action::kDropEqual:
      return true;
    default:
      return false;
  }
}

// Every other action makes of a label what the rule's own labels say, or leaves it.
bool copies_any_label(const relabel::Rule& rule) {
  return rule.config().action == relabel::Action::kLabelMap;
}

}  // namespace

Relabeler::Relabeler(relabel::Rules rules) : rules_(std::move(rules)) {
  const auto end = std::find_if(rules_.rbegin(), rules_.rend(), may_drop).base();
  if (std::any_of(rules_.begin(), end, copies_any_label)) return;
  deciding_.assign(rules_.begin(), end);
  for (const relabel::Rule& rule : deciding_) {
    const relabel::RuleConfig& config = rule.config();
    deciding_labels_.insert(deciding_labels_.end(), config.source_labels.begin(), config.source_labels.end());
    if (may_drop(rule) && !config.target_label.empty()) deciding_labels_.push_back(config.target_label);
  }
  std::ranges::sort(deciding_labels_);
  const auto repeated = std::ranges::unique(deciding_labels_);
  deciding_labels_.erase(repeated.begin(), repeated.end());
}

bool Relabeler::drops(const Target& target) const {
  std::vector<Label> sorted;
  sorted.reserve(deciding_labels_.size() + deciding_.size());
  for (const std::string& name : deciding_labels_) {
    if (const auto value = target.get(name); !value.empty()) sorted.push_back({name, std::string(value)});
  }
  LabelsBuilder labels(std::move(sorted));
  return !relabel::apply(labels, deciding_);
}

std::optional<Target> Relabeler::relabeled(const Target& target) const {
  if (!deciding_.empty() && drops(target)) return std::nullopt;
  std::vector<Label> sorted;
  sorted.reserve(target.labels().size() + rules_.size());
  for (const auto& [name, value] : target.labels()) sorted.push_back({std::string(name), std::string(value)});
  LabelsBuilder labels(std::move(sorted));
  if (!relabel::apply(labels, rules_)) return std::nullopt;
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
