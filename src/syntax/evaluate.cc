// Evaluation of one expression. Recursion follows brackets only, which the parser bounds; chains of
// operators, accesses, indexes and calls are walked in a loop, however long they are.
#include <cmath>
#include <cstdlib>

#include "base/strings.h"
#include "syntax/computed_value.h"
#include "syntax/evaluator.h"
#include "syntax/evaluator_internal.h"
#include "syntax/function.h"
#include "syntax/operators.h"
#include "syntax/parser.h"
#include "syntax/printer.h"

namespace invar::syntax {

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get())
    if (const auto it = scope->variables.find(name); it != scope->variables.end()) return &it->second;
  return nullptr;
}

std::string_view to_string(Stability level) {
  switch (level) {
    case Stability::kExperimental:
      return "experimental";
    case Stability::kPublicPreview:
      return "public-preview";
    case Stability::kGenerallyAvailable:
      return "generally-available";
  }
  return "";
}

std::optional<Stability> parse_stability(std::string_view text) {
  for (const auto level :
       {Stability::kExperimental, Stability::kPublicPreview, Stability::kGenerallyAvailable})
    if (text == to_string(level)) return level;
  return std::nullopt;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t kShortestWord = 3;
  const auto similar = similar_names(name, candidates);
  if (!similar.empty()) return " (did you mean " + quote(similar.front()) + "?)";
  // The last word alone: `profile.cpu` means `profile.process_cpu`.
  const std::string_view word = name.substr(name.rfind('.') + 1);
  if (word.size() < kShortestWord) return {};
  for (const std::string& candidate : candidates)
    if (candidate.ends_with("_" + std::string(word)) || candidate.ends_with("." + std::string(word)))
      return " (did you mean " + quote(candidate) + "?)";
  return {};
}

std::expected<Value, std::string> literal_value(const ast::Literal& literal) {
  switch (literal.kind) {
    case Token::kNull:
      return Value();
    case Token::kBool:
      return Value(literal.text == "true");
    case Token::kString:
      return Value(unquote(literal.text));
    case Token::kNumber: {
      // A leading zero means octal; what is no octal number after all is read as a float.
      const bool octal = literal.text.size() > 1 && literal.text[0] == '0';
      if (const auto v = parse_uint(literal.text, octal ? 8 : 10)) {
        if (*v <= static_cast<std::uint64_t>(INT64_MAX)) return Value(static_cast<std::int64_t>(*v));
        return Value(*v);
      }
      break;
    }
    default:
      break;
  }
  const double v = std::strtod(literal.text.c_str(), nullptr);
  if (std::isinf(v))
    return std::unexpected("strconv.ParseFloat: parsing " + quote(literal.text) + ": value out of range");
  return Value(v);
}

namespace {

constexpr std::string_view kOpaqueCapsule =
    "expected object or array or a capsule convertible to an object, got capsule";

std::string path_text(const DecodeError& error, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < error.path.size(); ++i) {
    if (const auto* index = std::get_if<std::size_t>(&error.path[i])) {
      out += '[' + std::to_string(*index) + ']';
    } else {
      const auto& key = std::get<std::string>(error.path[i]);
      if (is_valid_identifier(key))
        out += '.' + key;
      else
        out += '[' + quote(key) + ']';
    }
  }
  return out;
}

// The expression one step down the path, if the value was written there: an element of a list, a field of an
// object.
const ast::Expr* step_into(const ast::Expr& expr, const std::variant<std::size_t, std::string>& step) {
  if (const auto* array = std::get_if<ast::Array>(&expr.node)) {
    const auto* index = std::get_if<std::size_t>(&step);
    return index != nullptr && *index < array->elements.size() ? array->elements[*index].get() : nullptr;
  }
  if (const auto* object = std::get_if<ast::Object>(&expr.node)) {
    const auto* key = std::get_if<std::string>(&step);
    if (key == nullptr) return nullptr;
    for (auto field = object->fields.rbegin(); field != object->fields.rend(); ++field)
      if (field->key == *key) return field->value.get();
    return nullptr;
  }
  if (const auto* paren = std::get_if<ast::Paren>(&expr.node)) return step_into(*paren->inner, step);
  return nullptr;
}

class Evaluation {
 public:
  Evaluation(const SourcePtr& source, const Scope& scope, Diagnostics& diagnostics)
      : source_(source), scope_(scope), diagnostics_(diagnostics) {}

  bool evaluate(const ast::Expr& expr, Value& out) {
    if (++depth_ > 2 * kMaxDepth) return fail(expr, "is nested too deeply");
    std::vector<const ast::Expr*> chain;  // outermost first; each is continued on its left
    const ast::Expr* head = &expr;
    while (const ast::Expr* next = left_of(*head)) {
      chain.push_back(head);
      head = next;
    }
    bool ok = evaluate_head(*head, out);
    for (auto link = chain.rbegin(); ok && link != chain.rend(); ++link) ok = extend(**link, out);
    --depth_;
    return ok;
  }

 private:
  static const ast::Expr* left_of(const ast::Expr& expr) {
    if (const auto* binary = std::get_if<ast::Binary>(&expr.node)) return binary->left.get();
    if (const auto* access = std::get_if<ast::Access>(&expr.node)) return access->object.get();
    if (const auto* index = std::get_if<ast::Index>(&expr.node)) return index->object.get();
    if (const auto* call = std::get_if<ast::Call>(&expr.node)) return call->callee.get();
    return nullptr;
  }

  bool fail(const ast::Expr& expr, const DecodeError& error) {
    report_decode_error(expr, source_, error, diagnostics_);
    return false;
  }
  bool fail(const ast::Expr& expr, std::string message) {
    return fail(expr, decode_failure(std::move(message)));
  }
  bool fail_at(ast::Span span, std::string message) {
    diagnostics_.error(ast::range_of(source_, span), std::move(message));
    return false;
  }

  bool evaluate_head(const ast::Expr& expr, Value& out) {
    if (const auto* literal = std::get_if<ast::Literal>(&expr.node)) {
      auto value = literal_value(*literal);
      if (!value) return fail_at(expr.span, std::move(value).error());
      out = std::move(*value);
      return true;
    }
    if (const auto* identifier = std::get_if<ast::Identifier>(&expr.node))
      return look_up(expr, *identifier, out);
    if (const auto* array = std::get_if<ast::Array>(&expr.node)) {
      ArrayData elements(array->elements.size());
      for (std::size_t i = 0; i < elements.size(); ++i)
        if (!evaluate(*array->elements[i], elements[i])) return false;
      out = Value(std::move(elements));
      return true;
    }
    if (const auto* object = std::get_if<ast::Object>(&expr.node)) {
      std::vector<std::pair<std::string, Value>> fields;
      fields.reserve(object->fields.size());
      for (const auto& field : object->fields) {
        auto& [key, value] = fields.emplace_back();
        key = field.key;
        if (!evaluate(*field.value, value)) return false;
      }
      out = Value::object(std::move(fields));
      return true;
    }
    if (const auto* paren = std::get_if<ast::Paren>(&expr.node)) return evaluate(*paren->inner, out);
    const auto& unary = std::get<ast::Unary>(expr.node);
    Value operand;
    if (!evaluate(*unary.operand, operand)) return false;
    auto result = apply_unary(unary.op, operand);
    if (!result) return fail(*unary.operand, result.error().error);
    out = std::move(*result);
    return true;
  }

  bool look_up(const ast::Expr& expr, const ast::Identifier& identifier, Value& out) {
    const Value* value = scope_.find(identifier.name);
    if (value == nullptr) value = stdlib_find(identifier.name);
    if (value != nullptr) {
      out = *value;
      return true;
    }
    std::vector<std::string> known = stdlib_names();
    for (const Scope* scope = &scope_; scope != nullptr; scope = scope->parent.get())
      for (const auto& [name, ignored] : scope->variables) known.push_back(name);
    return fail_at(expr.span, "identifier " + quote(identifier.name) + " does not exist" +
                                  did_you_mean(identifier.name, known));
  }

  // Applies one link of a chain to the value of its left part, which `value` holds.
  bool extend(const ast::Expr& expr, Value& value) {
    if (const auto* access = std::get_if<ast::Access>(&expr.node)) return access_field(*access, value);
    if (const auto* index = std::get_if<ast::Index>(&expr.node)) return access_index(*index, value);
    if (const auto* call = std::get_if<ast::Call>(&expr.node)) return call_function(*call, value);
    const auto& binary = std::get<ast::Binary>(expr.node);
    Value right;
    if (!evaluate(*binary.right, right)) return false;
    auto result = apply_binary(binary.op, value, right);
    if (!result)
      return fail(result.error().blame == OperatorError::Blame::kLeft ? *binary.left : *binary.right,
                  result.error().error);
    value = std::move(*result);
    return true;
  }

  bool access_field(const ast::Access& access, Value& value) {
    Value storage;
    const ObjectData* object = object_fields(value, storage);
    if (object == nullptr) {
      if (value.type() == Type::kCapsule) return fail(*access.object, std::string(kOpaqueCapsule));
      return fail(*access.object, "cannot access field " + quote(access.name) + " on value of type " +
                                      std::string(value.type_name()));
    }
    const Value* field = object->find(access.name);
    if (field == nullptr) {
      std::vector<std::string> known;
      known.reserve(object->fields.size());
      for (const auto& [name, ignored] : object->fields) known.push_back(name);
      return fail_at(access.name_span,
                     "field " + quote(access.name) + " does not exist" + did_you_mean(access.name, known));
    }
    value = Value(*field);
    return true;
  }

  bool access_index(const ast::Index& index, Value& value) {
    Value at;
    if (!evaluate(*index.index, at)) return false;
    if (value.type() == Type::kArray) {
      if (at.type() != Type::kNumber) return fail(*index.index, type_mismatch("number", at));
      const ByteString* bytes = value.as_byte_string();
      const std::size_t length = bytes != nullptr ? bytes->bytes.size() : value.as_array().size();
      const std::int64_t i = at.as_int();
      if (i < 0 || static_cast<std::uint64_t>(i) >= length)
        return fail(*index.index, "index " + std::to_string(i) + " is out of range of array with length " +
                                      std::to_string(length));
      const auto position = static_cast<std::size_t>(i);
      value = bytes != nullptr ? Value(std::uint64_t{static_cast<unsigned char>(bytes->bytes[position])})
                               : Value(value.as_array()[position]);
      return true;
    }
    Value storage;
    const ObjectData* object = object_fields(value, storage);
    if (object == nullptr) {
      if (value.type() == Type::kCapsule) return fail(*index.object, std::string(kOpaqueCapsule));
      return fail(*index.object, "expected object or array, got " + std::string(value.type_name()));
    }
    if (at.type() != Type::kString) return fail(*index.index, type_mismatch("string", at));
    const Value* field = object->find(at.as_string());
    value = field != nullptr ? Value(*field) : Value();
    return true;
  }

  bool call_function(const ast::Call& call, Value& value) {
    if (value.type() != Type::kFunction) return fail(*call.callee, type_mismatch("function", value));
    std::vector<Value> arguments(call.arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i)
      if (!evaluate(*call.arguments[i], arguments[i])) return false;
    const FunctionData& function = value.as_function();
    const bool too_many = arguments.size() > function.min_arguments && !function.variadic;
    if (!function.checks_count && (too_many || arguments.size() < function.min_arguments))
      return fail(*call.callee, std::string(function.variadic ? "expected at least " : "expected ") +
                                    std::to_string(function.min_arguments) + " args, got " +
                                    std::to_string(arguments.size()));
    auto result = function.call(arguments);
    if (!result) {
      const FunctionError& failure = result.error();
      const bool argument = failure.argument && *failure.argument < call.arguments.size();
      return fail(argument ? *call.arguments[*failure.argument] : *call.callee, failure.error);
    }
    value = std::move(*result);
    return true;
  }

  const SourcePtr& source_;
  const Scope& scope_;
  Diagnostics& diagnostics_;
  int depth_ = 0;
};

}  // namespace

bool is_literal(const ast::Expr& expr) {
  if (const auto* paren = std::get_if<ast::Paren>(&expr.node)) return is_literal(*paren->inner);
  if (const auto* unary = std::get_if<ast::Unary>(&expr.node)) return is_literal(*unary->operand);
  if (const auto* array = std::get_if<ast::Array>(&expr.node))
    return std::ranges::all_of(array->elements, [](const auto& element) { return is_literal(*element); });
  if (const auto* object = std::get_if<ast::Object>(&expr.node))
    return std::ranges::all_of(object->fields, [](const auto& field) { return is_literal(*field.value); });
  return std::holds_alternative<ast::Literal>(expr.node);
}

const ast::Expr& blamed_expression(const ast::Expr& expr, const DecodeError& error, std::size_t* taken) {
  const ast::Expr* place = &expr;
  std::size_t steps = 0;
  while (steps < error.path.size()) {
    const ast::Expr* next = step_into(*place, error.path[steps]);
    if (next == nullptr) break;
    place = next;
    ++steps;
  }
  if (taken != nullptr) *taken = steps;
  return *place;
}

void report_decode_error(const ast::Expr& expr, const SourcePtr& source, const DecodeError& error,
                         Diagnostics& diagnostics, const Value* value) {
  std::size_t taken = 0;
  const ast::Expr& place = blamed_expression(expr, error, &taken);
  std::string written = print_expression(place, source) + path_text(error, taken) + " ";
  if (error.message.starts_with(written)) written.clear();  // it says so itself
  diagnostics.error(
      ast::range_of(source, place.span),
      written + error.message + error.hint + (value != nullptr ? computed_value(place, *value, error) : ""));
}

bool evaluate_into(const ast::Expr& expr, const SourcePtr& source, const Scope& scope,
                   Diagnostics& diagnostics, Value& out) {
  return Evaluation(source, scope, diagnostics).evaluate(expr, out);
}

Value evaluate(const ast::Expr& expr, const SourcePtr& source, const Scope& scope, Diagnostics& diagnostics) {
  Value value;
  if (!evaluate_into(expr, source, scope, diagnostics, value)) return {};
  return value;
}

}  // namespace invar::syntax
