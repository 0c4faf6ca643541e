// How the labels of a target came to be: the rules that stand between its discovery and its scrape, step by step.
// A target is traced back by what it is now: through each relabeling whose output holds it to the input that became it.
// Cost: that of applying the rules to all targets: for the pool. Threads: any; pure. Source: web-api.md 3.
#pragma once

#include <string>
#include <vector>

#include "component/inspection.h"

namespace invar::webapi {

struct RuleStep {
  struct Change {
    std::string label, before, after;
  };
  std::string component;
  std::size_t rule = 0;  // from 1
  std::string action;
  bool dropped = false, keeps = false;  // keeps: it only decides, and let the target pass
  std::vector<Change> changes;
};

struct NamedRelabeling {
  std::string component;
  component::Relabeling relabeling;
};

// What each rule does to the labels, up to the one that drops them.
std::vector<RuleStep> steps_of(const std::string& component, const std::vector<relabel::RuleConfig>& rules,
                               const Labels& labels);

struct LabelStory {
  Labels discovered;
  std::string first;  // the relabeling that took it first; "": no rules
  std::vector<RuleStep> steps;
};
// `relabelings`: those nearest to the target first.
// `target`: labels as the scraping component was given them, or as a relabeling was given those that it dropped (`dropped_by`).
LabelStory tell_story(const Labels& target, const std::vector<NamedRelabeling>& relabelings,
                      const std::string& dropped_by = "");

}  // namespace invar::webapi
