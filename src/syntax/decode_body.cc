// Bodies into argument structs: language.md 7.5.
#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "syntax/evaluator.h"
#include "syntax/evaluator_internal.h"
#include "syntax/free_form.h"
#include "syntax/schema_messages.h"
#include "syntax/written_advice.h"

namespace invar::syntax {
namespace {

// Texts that the argument takes as secrets as such, wherever they come from: what is shown of them is less.
Value without_secrets(const Value& value, const StaticType& type) {
  if (type.kind == StaticType::Kind::kSecret)
    return value.type() == Type::kString ? Value(CapsulePtr(std::make_shared<Secret>(value.as_string())))
                                         : value;
  if (type.element == nullptr) return value;
  if (value.type() == Type::kArray && value.as_byte_string() == nullptr) {
    ArrayData out;
    for (const Value& element : value.as_array()) out.push_back(without_secrets(element, *type.element));
    return Value(std::move(out));
  }
  if (value.type() != Type::kObject) return value;
  std::vector<std::pair<std::string, Value>> fields;
  for (const auto& [name, field] : value.as_object().fields)
    fields.emplace_back(name, without_secrets(field, *type.element));
  return Value::object(std::move(fields));
}

class BodyDecoder {
 public:
  BodyDecoder(const SourcePtr& source, const Scope& scope, Diagnostics& diagnostics)
      : source_(source), scope_(scope), diagnostics_(diagnostics) {}

  bool decode(const ast::Body& body, const Schema& schema, void* object) {
    if (&schema == &free_form_schema()) return true;
    const StatementCounts counts(body);
    std::map<std::string_view, bool> seen;
    for (const auto& statement : body.statements) {
      const bool ok = std::holds_alternative<ast::Attribute>(statement.node)
                          ? decode_attribute(statement, schema, object, seen)
                          : decode_block(statement, schema, object, counts);
      if (!ok) return false;
    }
    for (const Field& field : schema.fields()) {
      const bool attribute = field.kind == Field::Kind::kAttribute;
      if (!field.required || (attribute ? seen.contains(field.name) : counts.blocks(field.name) > 0))
        continue;
      return fail(Range{}, missing_message(field));
    }
    if (auto checked = schema.check(object); !checked) {
      const ast::Expr* subject = subject_of(checked.error().message, body);
      return fail(subject != nullptr ? ast::range_of(source_, subject->span) : Range{},
                  std::move(checked.error().message));
    }
    return true;
  }

 private:
  bool fail(Range range, std::string message) {
    diagnostics_.error(std::move(range), std::move(message));
    return false;
  }
  bool fail(ast::Span span, std::string message) {
    return fail(ast::range_of(source_, span), std::move(message));
  }

  bool decode_attribute(const ast::Statement& statement, const Schema& schema, void* object,
                        std::map<std::string_view, bool>& seen) {
    const auto& attribute = std::get<ast::Attribute>(statement.node);
    const Field* field = schema.find(attribute.name);
    if (field == nullptr)
      return fail(statement.span, unrecognized_message("attribute", attribute.name, schema));
    if (field->kind == Field::Kind::kBlock) return fail(statement.span, misused_message(*field));
    if (!seen.emplace(attribute.name, true).second)
      return fail(statement.span, repeated_attribute_message(field->name));
    Value value;
    if (!evaluate_into(*attribute.value, source_, scope_, diagnostics_, value)) return false;
    if (auto error = field->decode(object, value)) {
      if (is_literal(*attribute.value)) error->hint += written_advice(value, field->static_type, *error);
      const Value shown = without_secrets(value, field->static_type);
      report_decode_error(*attribute.value, source_, *error, diagnostics_, &shown);
      return false;
    }
    return true;
  }

  bool decode_block(const ast::Statement& statement, const Schema& schema, void* object,
                    const StatementCounts& counts) {
    const auto& block = std::get<ast::Block>(statement.node);
    const std::string name = block.full_name();
    const Field* field = schema.find(name);
    if (field == nullptr) return fail(statement.span, unrecognized_message("block", name, schema));
    if (field->kind == Field::Kind::kAttribute) return fail(statement.span, misused_message(*field));
    if (!field->repeated && counts.blocks(name) > 1)
      return fail(statement.span, repeated_block_message(name));

    const Schema& nested = *field->block;
    const ast::Span header{block.name_span.begin, block.open};
    if (auto mistake = label_message(nested, name, block.label); !mistake.empty())
      return fail(header, std::move(mistake));
    void* inner = field->open_block(object);
    if (nested.has_label()) nested.set_label(inner, block.label);
    return decode(block.body, nested, inner);
  }

  const SourcePtr& source_;
  const Scope& scope_;
  Diagnostics& diagnostics_;
};

}  // namespace

StatementCounts::StatementCounts(const ast::Body& body) {
  for (const auto& statement : body.statements)
    if (const auto* block = std::get_if<ast::Block>(&statement.node)) ++blocks_[block->full_name()];
}

int StatementCounts::blocks(std::string_view name) const {
  const auto it = blocks_.find(name);
  return it != blocks_.end() ? it->second : 0;
}

const ast::Expr* subject_of(std::string_view message, const ast::Body& body) {
  const std::string_view first = message.substr(0, message.find(' '));
  for (const auto& statement : body.statements) {
    const auto* attribute = std::get_if<ast::Attribute>(&statement.node);
    if (attribute != nullptr && attribute->name == first) return attribute->value.get();
  }
  return nullptr;
}

std::string missing_message(const Field& field) {
  return std::string("missing required ") +
         (field.kind == Field::Kind::kAttribute ? "attribute " : "block ") + quote(field.name);
}

namespace {

// Where the name is known one level deeper, or "".
std::string block_that_has(std::string_view name, const Schema& schema) {
  for (const Field& field : schema.fields())
    if (field.block != nullptr && field.block->find(name) != nullptr)
      return " (it stands in the block " + quote(field.name) + ")";
  return "";
}

// Of a family of names, as `profile.heap` or `profile` among `profile.cpu` and others: all of them, or "".
std::string family_of(std::string_view name, const std::vector<std::string>& known) {
  std::string family;
  std::size_t members = 0;
  const std::string_view first = name.substr(0, name.find('.'));
  for (const std::string& one : known) {
    if (!one.starts_with(std::string(first) + ".")) continue;
    family += (members++ > 0 ? ", " : "") + one;
  }
  return members > 1 ? " (there are " + family + ")" : "";
}

// With the last word as it is called here, where other tools call a kind of profile otherwise.
std::string in_our_words(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
      {"heap", "memory"},         {"allocs", "memory"},    {"alloc", "memory"}, {"inuse", "memory"},
      {"profile", "process_cpu"}, {"contention", "mutex"}, {"wall", "fgprof"},  {"threads", "goroutine"},
  };
  const std::size_t word = name.rfind('.') + 1;
  const auto* const found =
      std::ranges::find(kMeanings, name.substr(word), &std::pair<std::string_view, std::string_view>::first);
  if (found == std::end(kMeanings)) return std::string(name);
  return std::string(name.substr(0, word)) + std::string(found->second);
}

}  // namespace

std::string unrecognized_message(std::string_view kind, std::string_view name, const Schema& schema) {
  std::vector<std::string> known;
  for (const Field& field : schema.fields()) known.push_back(field.name);
  const bool whole_family = !name.contains('.') && !family_of(name, known).empty();
  std::string advice = whole_family ? "" : did_you_mean(name, known);
  const std::string ours = in_our_words(name);
  if (advice.empty() && !whole_family) advice = did_you_mean(ours, known);
  if (advice.empty() || ours != name) advice += family_of(name, known);
  if (advice.empty()) advice = block_that_has(name, schema);
  return "unrecognized " + std::string(kind) + " name " + quote(name) + advice;
}

std::string misused_message(const Field& field) {
  const bool attribute = field.kind == Field::Kind::kAttribute;
  return quote(field.name) +
         (attribute
              ? " must be an attribute, but is used as a block (write " + field.name + " = …)"
              : " must be a block, but is used as an attribute (write " + field.name + " { … }, without =)");
}

std::string repeated_attribute_message(std::string_view name) {
  return "attribute " + quote(name) + " may only be provided once";
}

std::string repeated_block_message(std::string_view name) {
  return "block " + quote(name) + " may only be specified once";
}

std::string label_message(const Schema& nested, std::string_view name, std::string_view label) {
  if (nested.has_label() == !label.empty()) return "";
  return "block " + quote(name) +
         (nested.has_label() ? " requires non-empty label" : " does not support specifying labels");
}

bool decode_body(const ast::Body& body, const SourcePtr& source, const Scope& scope, const Schema& schema,
                 void* object, Diagnostics& diagnostics) {
  return BodyDecoder(source, scope, diagnostics).decode(body, schema, object);
}

bool decode_map(const ast::Body& body, const SourcePtr& source, const Scope& scope,
                std::map<std::string, Value>& out, Diagnostics& diagnostics) {
  for (const auto& statement : body.statements) {
    const auto* attribute = std::get_if<ast::Attribute>(&statement.node);
    if (attribute == nullptr) {
      diagnostics.error(ast::range_of(source, statement.span), "nested blocks not supported here");
      return false;
    }
    if (out.contains(attribute->name)) {
      diagnostics.error(ast::range_of(source, statement.span), repeated_attribute_message(attribute->name));
      return false;
    }
    Value value;
    if (!evaluate_into(*attribute->value, source, scope, diagnostics, value)) return false;
    out.emplace(attribute->name, std::move(value));
  }
  return true;
}

}  // namespace invar::syntax
