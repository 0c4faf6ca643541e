// What relabel rules do with label sets, counted rule by rule; and that at the lines where the rules stand.
// Threads: any; pure. Source: web-api.md 6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labels/relabel.h"
#include "webapi/host.h"
#include "webapi/rule_places.h"

namespace invar::webapi {

struct RuleCount {
  std::uint64_t seen = 0;  // that no rule before it dropped
  std::uint64_t dropped = 0, changed = 0;
};

// As relabel::process(). `counts` has an element for each rule, and is added to.
std::optional<Labels> process(const Labels& labels, const relabel::Rules& rules,
                              std::vector<RuleCount>& counts);

struct RulesAtWork {
  std::string component;
  bool of_targets = false;  // otherwise of series
  relabel::Rules rules;
  std::vector<RuleCount> counts;
};

// The rules that stand in the file of this path, as the body of an answer. What several components make of one line is added up.
std::string rule_lines_json(const std::vector<RulesAtWork>& all, const RulePlaces& places,
                            const std::string& path);

}  // namespace invar::webapi
