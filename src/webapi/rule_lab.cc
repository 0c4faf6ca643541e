#include "webapi/rule_lab.h"

#include <algorithm>
#include <map>

#include "component/relabel_schema.h"
#include "syntax/evaluator.h"
#include "syntax/parser.h"
#include "webapi/rule_counts.h"
#include "webapi/target_view.h"

namespace invar::webapi {
namespace {

struct RulesText {
  std::vector<relabel::RuleConfig> rules;
  bool operator==(const RulesText&) const = default;
};

const syntax::Schema& rules_text_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<RulesText>()
          .block("rule", &RulesText::rules, component::rule_schema(), "A relabeling rule.")
          .build();
  return schema;
}

// The standard library but for what reads the environment, which may hold secrets.
syntax::Scope scope_of_a_draft() {
  syntax::Scope scope;
  for (const char* name : {"sys", "env"}) scope.variables[name] = syntax::Value();
  return scope;
}

void write_outcome(json::Writer& out, std::string_view name, const std::optional<Labels>& labels) {
  out.key(name);
  if (labels) {
    write_labels(out, *labels, true);
  } else {
    out.null();
  }
}

void write_split(json::Writer& out, std::string_view name, std::uint64_t kept, std::uint64_t all) {
  out.key(name).begin_object().field("kept", kept).field("left_out", all - kept).end_object();
}

}  // namespace

ParsedRules parse_rules(const std::string& text) {
  ParsedRules out;
  if (const auto encoding = syntax::check_encoding(text); !encoding) {
    out.diagnostics.error({}, encoding.error().message);
    return out;
  }
  const auto source = syntax::make_source("rules", text);
  const auto file = syntax::parse_file(source, out.diagnostics);
  if (!file) return out;
  RulesText rules;
  if (syntax::decode_body(file->body, source, scope_of_a_draft(), rules_text_schema(), &rules,
                          out.diagnostics))
    out.rules = std::move(rules.rules);
  return out;
}

void write_diagnostics(json::Writer& out, const std::vector<syntax::Diagnostic>& diagnostics) {
  out.begin_array();
  for (const syntax::Diagnostic& diagnostic : diagnostics) {
    const auto& [start, end] = diagnostic.range;
    out.begin_object().field("severity",
                             diagnostic.severity == syntax::Severity::kError ? "error" : "warning");
    out.field("file", start.source ? start.source->name : "")
        .field("line", start.line)
        .field("column", start.column);
    if (end.valid()) out.field("end_line", end.line).field("end_column", end.column);
    out.field("text", diagnostic.message).end_object();
  }
  out.end_array();
}

std::string try_rules_json(const component::Relabeling& now, const Draft& draft) {
  const ParsedRules parsed = parse_rules(draft.rules);
  const bool usable = !parsed.diagnostics.has_errors();
  const relabel::Rules before_rules = component::compile_rules(now.rules);
  const relabel::Rules after_rules = usable ? component::compile_rules(parsed.rules) : relabel::Rules{};
  std::vector<RuleCount> counted(after_rules.size());
  std::uint64_t targets = 0, kept_before = 0, kept_after = 0, changed = 0, matched = 0;
  std::string rows;
  json::Writer row(rows);
  row.begin_array();
  for (const component::Target& target : now.targets) {
    const Labels input = target.to_labels();
    if (draft.selector && !draft.selector->matches(input)) continue;
    ++targets;
    const auto before = relabel::process(input, before_rules);
    kept_before += before.has_value();
    if (!usable) continue;
    const auto after = process(input, after_rules, counted);
    kept_after += after.has_value();
    const bool differs = before != after;
    changed += differs;
    if (draft.only_changed && !differs) continue;
    const std::uint64_t place = matched++;
    if (place < draft.offset || place - draft.offset >= draft.limit) continue;
    row.begin_object().key("input");
    write_labels(row, input, true);
    write_outcome(row, "before", before);
    write_outcome(row, "after", after);
    row.end_object();
  }
  row.end_array();
  std::string text;
  json::Writer out(text);
  out.begin_object().field("targets", targets);
  write_split(out, "before", kept_before, targets);
  write_split(out, "after", usable ? kept_after : kept_before, targets);
  out.field("changed", changed).key("rules").begin_array();
  for (const RuleCount& count : counted)
    out.begin_object().field("dropped", count.dropped).field("changed", count.changed).end_object();
  out.end_array().key("diagnostics");
  write_diagnostics(out, {parsed.diagnostics.begin(), parsed.diagnostics.end()});
  out.field("matched", matched).key("rows").raw(rows).end_object();
  return text;
}

}  // namespace invar::webapi
