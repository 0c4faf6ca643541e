#include "runtime/reference_types.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "syntax/free_form.h"

namespace invar::runtime {
namespace {

using syntax::ast::Expr;

const Expr& without_parentheses(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* paren = std::get_if<syntax::ast::Paren>(&inner->node)) inner = paren->inner.get();
  return *inner;
}

// a.b.c and nothing else.
bool is_chain(const Expr& expr) {
  const Expr* head = &expr;
  while (const auto* access = std::get_if<syntax::ast::Access>(&head->node)) head = access->object.get();
  return std::holds_alternative<syntax::ast::Identifier>(head->node);
}

// A list of targets may hold lists of them.
bool flattens(const syntax::Field& field) {
  const auto& element = field.static_type.element;
  return element != nullptr && element->kind == syntax::StaticType::Kind::kUnchecked &&
         !field_type(element_type(field.type_text)).empty();
}

std::vector<std::string> names_of(const ExportTypes& exports) {
  std::vector<std::string> names;
  for (const auto& [name, type] : exports.fields) names.push_back(name);
  return names;
}

bool has_no_fields(std::string_view type) {
  constexpr std::array<std::string_view, 5> kPlain = {"ProfilesReceiver", "string", "bool", "int", "number"};
  return !element_type(type).empty() || std::ranges::find(kPlain, type) != kPlain.end();
}

std::string missing_export(const std::string& id, const ExportTypes& exports, const std::string& field) {
  if (exports.fields.empty()) return fmt::format("{} exports nothing: there is no {}", id, quote(field));
  std::string advice = Suggestions(names_of(exports)).for_name(field);
  if (advice.empty()) advice = fmt::format(" (it exports {})", join(names_of(exports), ", "));
  return fmt::format("{} does not export {}{}", id, quote(field), advice);
}

}  // namespace

ReferenceTypes::ReferenceTypes(const std::vector<Reference>& found, const syntax::SourcePtr& source,
                               ExporterOf exporter_of, std::vector<syntax::Diagnostic>& errors)
    : source_(source), exporter_of_(std::move(exporter_of)), errors_(errors), found_(found) {
  for (const Reference& reference : found_) at_.emplace(reference.range.start.offset, &reference);
}

bool ReferenceTypes::Wanted::takes(std::string_view given) const {
  return may_be(given, type) || (lists_too && may_be(given, fmt::format("list({})", type)));
}

void ReferenceTypes::check_exports() {
  for (const Reference& reference : found_) {
    if (reference.field.empty()) continue;
    const auto [id, exports] = exporter_of_(reference.target);
    if (!exports->known) continue;
    const std::string* type = exports->find(reference.field);
    if (type == nullptr) {
      errors_.push_back(
          {syntax::Severity::kError, reference.field_range, missing_export(*id, *exports, reference.field)});
    } else if (reference.goes_on && has_no_fields(*type)) {
      errors_.push_back({syntax::Severity::kError, reference.range,
                         fmt::format("{}.{} is {}, which has no fields", *id, reference.field,
                                     element_type(*type).empty() ? type_in_words(*type) : "a list")});
    }
  }
}

void ReferenceTypes::check_body(const syntax::ast::Body& body, const syntax::Schema& schema) {
  if (&schema == &syntax::free_form_schema()) return;
  for (const syntax::ast::Statement& statement : body.statements) {
    const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node);
    const auto* block = std::get_if<syntax::ast::Block>(&statement.node);
    const syntax::Field* field = schema.find(attribute != nullptr ? attribute->name : block->full_name());
    if (field == nullptr) continue;
    if (attribute != nullptr && field->kind == syntax::Field::Kind::kAttribute)
      check_value(*attribute->value, {field->type_text, flattens(*field)});
    if (block != nullptr && field->kind == syntax::Field::Kind::kBlock)
      check_body(block->body, *field->block);
  }
}

void ReferenceTypes::check_value(const Expr& written, Wanted wanted) {
  const Expr& expr = without_parentheses(written);
  if (const auto* array = std::get_if<syntax::ast::Array>(&expr.node)) {
    const std::string_view element = element_type(wanted.type);
    if (element.empty()) return;
    for (const auto& one : array->elements) check_value(*one, {element, wanted.lists_too});
  } else if (const auto* object = std::get_if<syntax::ast::Object>(&expr.node)) {
    const std::string_view field = field_type(wanted.type);
    if (field.empty()) return;
    for (const auto& one : object->fields) check_value(*one.value, {field});
  } else if (is_chain(expr)) {
    const auto found = at_.find(syntax::position_at(source_, expr.span.begin).offset);
    if (found != at_.end() && !found->second->goes_on) check_chain(expr, *found->second, wanted);
  }
}

void ReferenceTypes::check_chain(const Expr& expr, const Reference& reference, Wanted wanted) {
  const Exporter exporter = exporter_of_(reference.target);
  if (!exporter.exports->known || wanted.type == "any") return;
  std::string actual;
  if (reference.field.empty()) {
    if (!field_type(wanted.type).empty()) return;  // its exports are an object
    actual = "the component " + *exporter.id;
  } else {
    const std::string* type = exporter.exports->find(reference.field);
    if (type == nullptr || wanted.takes(*type)) return;
    actual = type_in_words(*type);
  }
  errors_.push_back({syntax::Severity::kError, syntax::ast::range_of(source_, expr.span),
                     fmt::format("expected {}, got {}{}", type_in_words(wanted.type), actual,
                                 what_to_write(exporter, reference, wanted))});
}

// The export that was meant, alone or as a list of one: the one that was written, else the only one that fits.
std::string ReferenceTypes::what_to_write(const Exporter& exporter, const Reference& reference,
                                          Wanted wanted) {
  const std::string_view element = element_type(wanted.type);
  std::vector<std::string> fitting;
  for (const auto& [name, type] : exporter.exports->fields) {
    const bool whole = wanted.takes(type);
    if (type == "any" || (!whole && (element.empty() || !may_be(type, element)))) continue;
    const std::string text = *exporter.id + "." + name;
    fitting.push_back(": write " + (whole ? text : "[" + text + "]"));
    if (name == reference.field) return fitting.back();
  }
  if (fitting.size() == 1) return fitting.front();
  if (reference.field.empty() && exporter.exports->fields.size() == 1)
    return ": write " + *exporter.id + "." + exporter.exports->fields.begin()->first;
  const bool receiver = wanted.type == "ProfilesReceiver" || element == "ProfilesReceiver";
  return receiver ? " (a receiver is wanted, as in pyroscope.write.NAME.receiver)" : "";
}

}  // namespace invar::runtime
