// The rule lab: what other relabel rules would do with the targets that a component has. Changes nothing.
// Threads: any; pure. Source: web-api.md 6.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/inspection.h"
#include "json/writer.h"
#include "labels/selector.h"
#include "syntax/diagnostics.h"

namespace invar::webapi {

struct Draft {
  std::string component, rules;  // the text of `rule` blocks
  std::optional<Selector> selector;
  bool only_changed = true;
  std::size_t offset = 0, limit = 100;
};

// The rules of the text; what is wrong with it otherwise. Expressions may use the standard library and nothing else.
struct ParsedRules {
  std::vector<relabel::RuleConfig> rules;
  syntax::Diagnostics diagnostics;
};
ParsedRules parse_rules(const std::string& text);

void write_diagnostics(json::Writer& out, const std::vector<syntax::Diagnostic>& diagnostics);
// The answer of POST rules/try without the time.
std::string try_rules_json(const component::Relabeling& now, const Draft& draft);

}  // namespace invar::webapi
