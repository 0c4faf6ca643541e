#include "runtime/short_intervals.h"

#include <fmt/format.h>

#include <algorithm>

#include "component/shortest_interval.h"
#include "syntax/evaluator.h"
#include "syntax/free_form.h"

namespace invar::runtime {
namespace {

bool says_how_often(const syntax::Field& field) {
  constexpr std::string_view kEndings[] = {"_interval", "_frequency", "sync_period"};
  return field.type_text == syntax::Codec<Duration>::type_text() &&
         std::ranges::any_of(kEndings, [&](std::string_view end) { return field.name.ends_with(end); });
}

std::optional<Duration> written(const syntax::ast::Expr& expr, const syntax::SourcePtr& source) {
  if (!std::holds_alternative<syntax::ast::Literal>(expr.node)) return std::nullopt;
  syntax::Diagnostics ignored;  // said by the check of the body
  const auto duration =
      syntax::Codec<Duration>::decode(syntax::evaluate(expr, source, syntax::Scope{}, ignored));
  return duration ? std::optional(*duration) : std::nullopt;
}

bool is_spoken_of(const syntax::ast::Expr& expr, const syntax::SourcePtr& source,
                  const syntax::Diagnostics& diagnostics) {
  const syntax::Range range = syntax::ast::range_of(source, expr.span);
  return std::ranges::any_of(diagnostics, [&](const syntax::Diagnostic& said) {
    return said.range.start.source == range.start.source && said.range.start.offset == range.start.offset;
  });
}

}  // namespace

void warn_of_short_intervals(const syntax::ast::Body& body, const syntax::SourcePtr& source,
                             const syntax::Schema& schema, syntax::Diagnostics& diagnostics) {
  if (&schema == &syntax::free_form_schema()) return;
  for (const syntax::ast::Statement& statement : body.statements) {
    const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node);
    const auto* block = std::get_if<syntax::ast::Block>(&statement.node);
    const syntax::Field* field = schema.find(attribute != nullptr ? attribute->name : block->full_name());
    if (field == nullptr) continue;
    if (block != nullptr && field->block != nullptr)
      warn_of_short_intervals(block->body, source, *field->block, diagnostics);
    if (attribute == nullptr || !says_how_often(*field)) continue;
    if (is_spoken_of(*attribute->value, source, diagnostics)) continue;
    const auto interval = written(*attribute->value, source);
    if (interval && *interval > Duration::zero() && *interval < component::kShortestInterval)
      diagnostics.warning(syntax::ast::range_of(source, attribute->value->span),
                          fmt::format("{} is too short: {} is used", format_duration(*interval),
                                      format_duration(component::kShortestInterval)));
  }
}

}  // namespace invar::runtime
