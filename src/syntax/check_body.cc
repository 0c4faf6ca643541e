// The static checks of `validate`: formatting.md 6, language.md 10.5. Nothing is evaluated but literals: a block that has no other
// values is also put through the checks of its schema, which the original leaves to the load.
#include <algorithm>
#include <map>

#include "base/strings.h"
#include "syntax/evaluator.h"
#include "syntax/evaluator_internal.h"
#include "syntax/free_form.h"
#include "syntax/operators.h"
#include "syntax/schema_messages.h"
#include "syntax/see_blocks.h"
#include "syntax/written_advice.h"

namespace invar::syntax {
namespace {

std::string_view expected_type(StaticType::Kind kind) {
  switch (kind) {
    case StaticType::Kind::kString:
    case StaticType::Kind::kTextEncoded:
      return "string";
    case StaticType::Kind::kNumber:
      return "number";
    case StaticType::Kind::kBool:
      return "bool";
    case StaticType::Kind::kList:
      return "array";
    case StaticType::Kind::kMap:
      return "object";
    case StaticType::Kind::kSecret:
    case StaticType::Kind::kCapsule:
      return "capsule";
    case StaticType::Kind::kAny:
    case StaticType::Kind::kUnchecked:
      break;
  }
  return "any";
}

// Without the expression's text, and in the words of a check: "expected T, got U".
std::string static_message(const DecodeError& error) {
  if (error.expected.empty()) return error.message + error.hint;
  return "expected " + error.expected + ", got " + error.actual + error.hint;
}

class BodyChecker {
 public:
  BodyChecker(const SourcePtr& source, Diagnostics& diagnostics, const SeeBlock& see)
      : source_(source), diagnostics_(diagnostics), see_(see) {}

  // Fills `object` as far as the values are literals. True when all are that its checks may look at, and nothing was reported.
  bool check(const ast::Body& body, ast::Span block_span, const Schema& schema, void* object) {
    if (&schema == &free_form_schema()) return true;
    const std::size_t reported = diagnostics_.size();
    bool known = true;
    const StatementCounts counts(body);
    std::map<std::string_view, bool> seen;
    for (const auto& statement : body.statements) {
      if (const auto* attribute = std::get_if<ast::Attribute>(&statement.node)) {
        known &= check_attribute(statement.span, *attribute, schema, seen, object);
      } else {
        known &= check_block(statement.span, std::get<ast::Block>(statement.node), schema, counts, object);
      }
    }
    for (const Field& field : schema.fields()) {
      const bool attribute = field.kind == Field::Kind::kAttribute;
      if (field.required && !(attribute ? seen.contains(field.name) : counts.blocks(field.name) > 0) &&
          !misspelled(field.name, reported))
        report(block_span, missing_message(field));
    }
    if (!known || diagnostics_.size() > reported) return false;
    const auto checked = schema.check(object);
    if (!checked) {
      const ast::Expr* subject = subject_of(checked.error().message, body);
      report(subject != nullptr ? subject->span : block_span, checked.error().message);
      return false;
    }
    see_({schema, object, body, block_span});
    return true;
  }

 private:
  // Something reported since then was meant as it.
  [[nodiscard]] bool misspelled(std::string_view name, std::size_t reported) const {
    const std::string advice = "(did you mean " + quote(name) + "?)";
    return std::any_of(std::next(diagnostics_.begin(), static_cast<std::ptrdiff_t>(reported)),
                       diagnostics_.end(),
                       [&](const Diagnostic& said) { return said.message.ends_with(advice); });
  }

  void report(ast::Span span, std::string message) {
    diagnostics_.error(ast::range_of(source_, span), std::move(message));
  }

  bool refuse(ast::Span span, std::string message) {
    report(span, std::move(message));
    return false;
  }

  bool check_attribute(ast::Span span, const ast::Attribute& attribute, const Schema& schema,
                       std::map<std::string_view, bool>& seen, void* object) {
    const Field* field = schema.find(attribute.name);
    if (field == nullptr) return refuse(span, unrecognized_message("attribute", attribute.name, schema));
    if (field->kind == Field::Kind::kBlock) return refuse(span, misused_message(*field));
    if (!seen.emplace(attribute.name, true).second)
      return refuse(span, repeated_attribute_message(field->name));
    const std::size_t reported = diagnostics_.size();
    check_expression(*attribute.value, field->static_type);
    if (diagnostics_.size() > reported) return false;
    return fill(*attribute.value, *field, object);
  }

  // What comes from elsewhere is not known; receivers and targets are no matter of a check.
  bool fill(const ast::Expr& expr, const Field& field, void* object) {
    std::vector<Traversal> names;
    collect_traversals(expr, names);
    if (!names.empty()) {
      using Kind = StaticType::Kind;
      if (field.static_type.kind != Kind::kList || !check_elements(expr, field, object)) return false;
      const Kind element = field.static_type.element->kind;
      return element == Kind::kCapsule || element == Kind::kMap || element == Kind::kUnchecked;
    }
    Diagnostics ignored;  // what a function or an operator has to say is for the load
    const Value value = evaluate(expr, source_, Scope{}, ignored);
    if (!ignored.empty()) return false;
    const auto error = field.decode(object, value);
    if (error && is_literal(expr) && check_elements(expr, field, object))
      report(blamed_expression(expr, *error).span, static_message(*error));
    return !error;
  }

  // Every element of a written list that is wrong by itself; true when none is.
  bool check_elements(const ast::Expr& expr, const Field& field, void* object) {
    const auto* array = std::get_if<ast::Array>(&expr.node);
    if (array == nullptr || !field.decode) return true;
    const std::size_t reported = diagnostics_.size();
    for (const auto& element : array->elements) {
      if (!is_literal(*element)) continue;
      Diagnostics ignored;
      ArrayData alone;
      alone.push_back(evaluate(*element, source_, Scope{}, ignored));
      auto error = field.decode(object, Value(std::move(alone)));
      if (!error || error->path.empty()) continue;
      error->path.erase(error->path.begin());
      report(blamed_expression(*element, *error).span, static_message(*error));
    }
    return diagnostics_.size() == reported;
  }

  bool check_block(ast::Span span, const ast::Block& block, const Schema& schema,
                   const StatementCounts& counts, void* object) {
    const std::string name = block.full_name();
    const Field* field = schema.find(name);
    if (field == nullptr) return refuse(span, unrecognized_message("block", name, schema));
    if (field->kind == Field::Kind::kAttribute) return refuse(span, misused_message(*field));
    if (!field->repeated && counts.blocks(name) > 1) return refuse(span, repeated_block_message(name));
    void* inner = field->open_block(object);
    std::string mistake = label_message(*field->block, name, block.label);
    const bool labelled = mistake.empty();
    if (!labelled) report({block.name_span.begin, block.open}, std::move(mistake));
    if (field->block->has_label()) field->block->set_label(inner, block.label);
    return check(block.body, span, *field->block, inner) && labelled;
  }

  void check_expression(const ast::Expr& expr, const StaticType& type) {
    using Kind = StaticType::Kind;
    if (const auto* literal = std::get_if<ast::Literal>(&expr.node))
      return check_literal(expr.span, *literal, type);
    if (const auto* unary = std::get_if<ast::Unary>(&expr.node)) {
      if (const auto* literal = std::get_if<ast::Literal>(&unary->operand->node))
        check_operand(unary->op, unary->operand->span, *literal, type);
      return;
    }
    if (const auto* binary = std::get_if<ast::Binary>(&expr.node))
      return check_binary(expr.span, *binary, type);
    if (type.kind == Kind::kAny || type.kind == Kind::kUnchecked) return;
    if (const auto* array = std::get_if<ast::Array>(&expr.node)) {
      if (type.kind != Kind::kList) return mismatch(expr.span, type, "array", advice_on(expr, type));
      for (const auto& element : array->elements) check_expression(*element, *type.element);
      return;
    }
    if (const auto* object = std::get_if<ast::Object>(&expr.node)) {
      if (type.kind == Kind::kCapsule) return;
      if (type.kind != Kind::kMap) return mismatch(expr.span, type, "object", advice_on(expr, type));
      for (const auto& field : object->fields) check_expression(*field.value, *type.element);
    }
  }

  void mismatch(ast::Span span, const StaticType& type, std::string_view actual,
                std::string_view advice = {}) {
    report(span, "expected " + std::string(expected_type(type.kind)) + ", got " + std::string(actual) +
                     std::string(advice));
  }

  std::string advice_on(const ast::Expr& expr, const StaticType& type) {
    if (!is_literal(expr)) return "";
    Diagnostics ignored;
    const Value value = evaluate(expr, source_, Scope{}, ignored);
    return written_advice(value, type, type_mismatch(expected_type(type.kind), value));
  }

  // The operator's own demand first. The sign of a number is of no interest.
  void check_operand(Token op, ast::Span span, const ast::Literal& literal, const StaticType& type) {
    const Type wanted = op == Token::kNot ? Type::kBool : Type::kNumber;
    const auto value = literal_value(literal);
    if (value && value->type() != wanted)
      return report(
          span, "expected " + std::string(type_name(wanted)) + ", got " + std::string(value->type_name()));
    check_literal(span, literal, type);
  }

  void check_literal(ast::Span span, const ast::Literal& literal, const StaticType& type) {
    const auto value = literal_value(literal);
    if (!value) return report(span, value.error());
    check_value(span, *value, type);
  }

  void check_value(ast::Span span, const Value& value, const StaticType& type) {
    if (value.is_null() || !type.check) return;
    if (const auto error = type.check(value))
      report(span, static_message(*error) + written_advice(value, type, *error));
  }

  void check_binary(ast::Span span, const ast::Binary& binary, const StaticType& type) {
    const auto* left = std::get_if<ast::Literal>(&binary.left->node);
    const auto* right = std::get_if<ast::Literal>(&binary.right->node);
    if (left == nullptr || right == nullptr) return;
    const auto left_value = literal_value(*left);
    const auto right_value = literal_value(*right);
    if (!left_value) return report(binary.left->span, left_value.error());
    if (!right_value) return report(binary.right->span, right_value.error());
    const auto result = apply_binary(binary.op, *left_value, *right_value);
    if (!result) return report(span, static_message(result.error().error));
    check_value(span, *result, type);
  }

  const SourcePtr& source_;
  Diagnostics& diagnostics_;
  const SeeBlock& see_;
};

}  // namespace

void check_body(const ast::Body& body, const SourcePtr& source, ast::Span block_span, const Schema& schema,
                Diagnostics& diagnostics) {
  check_body(body, source, block_span, schema, diagnostics, [](const SeenBlock&) {});
}

void check_body(const ast::Body& body, const SourcePtr& source, ast::Span block_span, const Schema& schema,
                Diagnostics& diagnostics, const SeeBlock& see) {
  BodyChecker(source, diagnostics, see).check(body, block_span, schema, schema.make().get());
}

}  // namespace invar::syntax
