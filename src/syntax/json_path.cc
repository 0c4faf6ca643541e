#include "syntax/json_path.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "syntax/json.h"
#include "syntax/operators.h"
#include "syntax/stdlib_internal.h"

namespace invar::syntax::json_path {
namespace {

constexpr std::size_t kMaxSteps = 2'000'000;
constexpr std::size_t kMaxResults = 1'000'000;

class Selection {
 public:
  explicit Selection(const Value& document) : document_(document) {}

  std::vector<const Value*> select(const Path& path, const Value& start) {
    std::vector<const Value*> nodes{&start};
    for (std::size_t i = 0; i < path.fragments.size() && !exhausted_; ++i) {
      // A run of descents means no more than one.
      if (i > 0 && is_descent(path.fragments[i]) && is_descent(path.fragments[i - 1])) continue;
      std::vector<const Value*> next;
      for (const Value* node : nodes) apply(path.fragments[i], *node, next);
      nodes = std::move(next);
    }
    return nodes;
  }

  [[nodiscard]] bool exhausted() const { return exhausted_; }

 private:
  static bool is_descent(const Fragment& fragment) { return std::holds_alternative<Descent>(fragment); }

  bool step() {
    if (++steps_ > kMaxSteps) exhausted_ = true;
    return !exhausted_;
  }

  void add(const Value& node, std::vector<const Value*>& out) {
    if (out.size() >= kMaxResults) exhausted_ = true;
    if (step()) out.push_back(&node);
  }

  template <class Visit>
  void each_child(const Value& node, Visit visit) {
    if (node.type() == Type::kArray) {
      for (const Value& element : node.as_array()) visit(element);
    } else if (node.type() == Type::kObject) {
      for (const auto& [key, field] : node.as_object().fields) visit(field);
    }
  }

  void apply(const Fragment& fragment, const Value& node, std::vector<const Value*>& out) {
    if (!step()) return;
    if (const auto* child = std::get_if<Child>(&fragment)) return take(*child, node, out);
    if (const auto* element = std::get_if<Element>(&fragment)) return take(*element, node, out);
    if (std::holds_alternative<Wildcard>(fragment))
      return each_child(node, [&](const Value& v) { add(v, out); });
    if (is_descent(fragment)) return descend(node, out);
    if (const auto* slice = std::get_if<Slice>(&fragment)) return take(*slice, node, out);
    if (const auto* all = std::get_if<Union>(&fragment)) {
      for (const auto& choice : all->choices)
        std::visit([&](const auto& one) { take(one, node, out); }, choice);
      return;
    }
    const Expression& condition = *std::get<Filter>(fragment).condition;
    each_child(node, [&](const Value& v) {
      if (step() && holds(condition, v)) add(v, out);
    });
  }

  void take(const Child& child, const Value& node, std::vector<const Value*>& out) {
    if (node.type() != Type::kObject) return;
    if (const Value* field = node.as_object().find(child.name)) add(*field, out);
  }

  void take(const Element& element, const Value& node, std::vector<const Value*>& out) {
    if (node.type() != Type::kArray) return;
    const auto size = static_cast<std::int64_t>(node.as_array().size());
    if (element.index >= size || element.index < -size) return;
    add(node.as_array()[static_cast<std::size_t>(element.index < 0 ? element.index + size : element.index)],
        out);
  }

  void take(const Slice& slice, const Value& node, std::vector<const Value*>& out) {
    if (node.type() != Type::kArray || slice.step == 0) return;
    const auto size = static_cast<std::int64_t>(node.as_array().size());
    const bool forward = slice.step > 0;
    const auto place = [&](std::int64_t at) {
      if (at < 0) at = std::max(at, -size - 1) + size;
      return forward ? std::clamp<std::int64_t>(at, 0, size) : std::clamp<std::int64_t>(at, -1, size - 1);
    };
    const std::int64_t from = slice.from ? place(*slice.from) : forward ? 0 : size - 1;
    const std::int64_t to = slice.to ? place(*slice.to) : forward ? size : -1;
    // A step beyond the list is as good as its size, and cannot overflow.
    const std::int64_t stride = std::clamp(slice.step, -size - 1, size + 1);
    for (std::int64_t i = from; forward ? i < to : i > to; i += stride)
      add(node.as_array()[static_cast<std::size_t>(i)], out);
  }

  void descend(const Value& node, std::vector<const Value*>& out) {
    each_child(node, [&](const Value& v) {
      if (!exhausted_) descend(v, out);
    });
    add(node, out);
  }

  // ---- filters. Nothing (a path that leads nowhere, an operation without a meaning) is an empty optional.

  using Operand = std::optional<Value>;

  bool holds(const Expression& condition, const Value& current) {
    if (const auto* path = std::get_if<Path>(&condition.node)) return first(*path, current) != nullptr;
    const Operand result = evaluate(condition, current);
    return result && result->type() == Type::kBool && result->as_bool();
  }

  const Value* first(const Path& path, const Value& current) {
    const auto nodes = select(path, path.from_root ? document_ : current);
    return nodes.empty() ? nullptr : nodes.front();
  }

  Operand evaluate(const Expression& expression, const Value& current) {
    if (!step()) return std::nullopt;
    if (const auto* literal = std::get_if<Value>(&expression.node)) return *literal;
    if (const auto* path = std::get_if<Path>(&expression.node)) {
      const Value* found = first(*path, current);
      return found != nullptr ? Operand(*found) : std::nullopt;
    }
    const auto* operation = std::get_if<Expression::Operation>(&expression.node);
    if (operation == nullptr) return std::nullopt;
    return operate(*operation, current);
  }

  Operand operate(const Expression::Operation& operation, const Value& current) {
    switch (operation.op) {
      case Operator::kNot:
        return Value(!holds(*operation.right, current));
      case Operator::kAnd:
        return Value(holds(*operation.left, current) && holds(*operation.right, current));
      case Operator::kOr:
        return Value(holds(*operation.left, current) || holds(*operation.right, current));
      default:
        break;
    }
    const Operand left = evaluate(*operation.left, current);
    if (operation.op == Operator::kMatch) return Value(matches(left, *operation.right, current));
    const Operand right = evaluate(*operation.right, current);
    switch (operation.op) {
      case Operator::kEq:
        return Value(left && right && left->equals(*right));
      case Operator::kNeq:
        return Value(!left || !right || !left->equals(*right));
      case Operator::kExists:
        if (!right || right->type() != Type::kBool) return std::nullopt;
        return Value(left.has_value() == right->as_bool());
      case Operator::kEmpty:
        return is_empty(left, right);
      case Operator::kIn:
        if (!left || !right || right->type() != Type::kArray) return std::nullopt;
        return Value(std::any_of(right->as_array().begin(), right->as_array().end(),
                                 [&](const Value& v) { return v.equals(*left); }));
      default:
        break;
    }
    if (!left || !right) return std::nullopt;
    return plain_operation(operation.op, *left, *right);
  }

  static Operand is_empty(const Operand& value, const Operand& wanted) {
    if (!value || !wanted || wanted->type() != Type::kBool) return std::nullopt;
    bool empty = false;
    switch (value->type()) {
      case Type::kString:
        empty = value->as_string().empty();
        break;
      case Type::kArray:
        empty = value->as_array().empty();
        break;
      case Type::kObject:
        empty = value->as_object().fields.empty();
        break;
      default:
        return std::nullopt;
    }
    return Value(empty == wanted->as_bool());
  }

  // Comparisons and arithmetic as in the language; a type that does not fit, or a division by zero, is
  // nothing.
  static Operand plain_operation(Operator op, const Value& left, const Value& right) {
    const auto token = [&] {
      switch (op) {
        case Operator::kLt:
          return Token::kLt;
        case Operator::kLte:
          return Token::kLte;
        case Operator::kGt:
          return Token::kGt;
        case Operator::kGte:
          return Token::kGte;
        case Operator::kAdd:
          return Token::kAdd;
        case Operator::kSub:
          return Token::kSub;
        case Operator::kMul:
          return Token::kMul;
        default:
          return Token::kDiv;
      }
    }();
    auto result = apply_binary(token, left, right);
    if (!result) return std::nullopt;
    return std::move(*result);
  }

  bool matches(const Operand& text, const Expression& pattern, const Value& current) {
    if (!text || text->type() != Type::kString) return false;
    if (const auto* regex = std::get_if<std::shared_ptr<const re2::RE2>>(&pattern.node))
      return re2::RE2::PartialMatch(text->as_string(), **regex);
    const Operand source = evaluate(pattern, current);
    if (!source || source->type() != Type::kString) return false;
    const re2::RE2 regex(source->as_string(), re2::RE2::Quiet);
    return regex.ok() && re2::RE2::PartialMatch(text->as_string(), regex);
  }

  const Value& document_;
  std::size_t steps_ = 0;
  bool exhausted_ = false;
};

}  // namespace

Result<std::vector<Value>> select(const Path& path, const Value& document) {
  Selection selection(document);
  const auto nodes = selection.select(path, document);
  if (selection.exhausted()) return fail(ErrorCode::kResourceExhausted, "the path selects too much");
  std::vector<Value> out;
  out.reserve(nodes.size());
  for (const Value* node : nodes) out.push_back(*node);
  return out;
}

}  // namespace invar::syntax::json_path

namespace invar::syntax {
namespace {

// The place of a JSON error as line:column.
std::string place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line_start = before.rfind('\n');
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = line_start == std::string_view::npos ? before.size() + 1 : before.size() - line_start;
  return std::to_string(line) + ":" + std::to_string(column);
}

Outcome evaluate_json_path(const std::string& text, const std::string& path_text) {
  const auto path = json_path::parse_path(path_text);
  if (!path_text.empty() && !path) return std::unexpected(path.error().message);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Value(ArrayData{});
  JsonOptions options;
  options.integers = true;
  std::size_t offset = 0;
  const auto document = parse_json(text, options, &offset);
  if (!document)
    return std::unexpected((offset >= text.size() ? "incomplete JSON" : document.error().message) + " at " +
                           place_in(text, offset));
  if (path_text.empty()) return Value(ArrayData{});
  auto found = json_path::select(*path, *document);
  if (!found) return std::unexpected(std::move(found.error().message));
  return Value(std::move(*found));
}

}  // namespace

Value json_path_function() {
  return typed_function(&evaluate_json_path);
}

}  // namespace invar::syntax
