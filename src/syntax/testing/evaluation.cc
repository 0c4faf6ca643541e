#include "syntax/testing/evaluation.h"

#include "base/check.h"
#include "syntax/parser.h"

namespace invar::syntax::testing {
namespace {

std::string place(const Position& position) {
  return std::to_string(position.line) + ":" + std::to_string(position.column);
}

}  // namespace

std::string describe(const Diagnostics& diagnostics) {
  std::string out;
  for (const auto& diagnostic : diagnostics) {
    if (!out.empty()) out += " | ";
    out += (diagnostic.range.start.valid() ? place(diagnostic.range.start) : "-") + ": " + diagnostic.message;
  }
  return out;
}

std::string evaluate_text(std::string_view expression, const Scope& scope) {
  const auto source = make_source("", std::string(expression));
  Diagnostics diagnostics;
  const auto parsed = parse_expression(source, diagnostics);
  Value value;
  if (parsed) value = evaluate(*parsed, source, scope, diagnostics);
  return diagnostics.empty() ? value.to_text() : "error: " + describe(diagnostics);
}

Value evaluate_value(std::string_view expression, const Scope& scope) {
  const auto source = make_source("", std::string(expression));
  Diagnostics diagnostics;
  const auto parsed = parse_expression(source, diagnostics);
  INVAR_CHECK(parsed != nullptr, describe(diagnostics));
  Value value = evaluate(*parsed, source, scope, diagnostics);
  INVAR_CHECK(diagnostics.empty(), describe(diagnostics));
  return value;
}

std::string decode_text(std::string_view body, const Schema& schema, void* object, const Scope& scope) {
  const auto source = make_source("", std::string(body));
  Diagnostics diagnostics;
  const auto file = parse_file(source, diagnostics);
  if (file) decode_body(file->body, source, scope, schema, object, diagnostics);
  return describe(diagnostics);
}

std::string check_text(std::string_view body, const Schema& schema) {
  const auto source = make_source("", std::string(body));
  Diagnostics diagnostics;
  const auto file = parse_file(source, diagnostics);
  if (file) {
    const auto last = static_cast<std::uint32_t>(body.empty() ? 0 : body.size() - 1);
    check_body(file->body, source, {0, last}, schema, diagnostics);
  }
  std::string out;
  for (const auto& diagnostic : diagnostics) {
    if (!out.empty()) out += " | ";
    out += place(diagnostic.range.start) + "-" + place(diagnostic.range.end) + ": " + diagnostic.message;
  }
  return out;
}

}  // namespace invar::syntax::testing
