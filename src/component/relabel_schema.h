// The `rule` block (relabel.md 1) as schema. Checks compile the rule, so a bad one is an error of the file.
#pragma once

#include "labels/relabel.h"
#include "syntax/schema.h"

namespace invar::component {
const syntax::Schema& rule_schema();  // describes relabel::RuleConfig
// The same for rules whose labels go to servers, which refuse names: name_warning() is for them.
const syntax::Schema& profile_rule_schema();
// All compile: the schema has checked each one.
relabel::Rules compile_rules(const std::vector<relabel::RuleConfig>& configs,
                             relabel::Names names = relabel::Names::kAnyText);
// With Names::kIdentifiers, of the rules that never apply: a sentence each (decision 18).
std::vector<std::string> name_warnings(const std::vector<relabel::RuleConfig>& configs);
}  // namespace invar::component
