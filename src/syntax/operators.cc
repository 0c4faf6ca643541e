#include "syntax/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/strings.h"

namespace invar::syntax {
namespace {

using Blame = OperatorError::Blame;
using Kind = Value::NumberKind;

std::unexpected<OperatorError> blame(Blame side, DecodeError error) {
  return std::unexpected(OperatorError{side, std::move(error)});
}

// A secret operand of `+`, or a text that may stand beside one.
struct Text {
  enum class Form { kString, kOptional, kSecret };
  Form form = Form::kString;
  std::string_view text;
  bool secret = false;
};

std::optional<Text> text_of(const Value& value) {
  if (value.type() == Type::kString) return Text{Text::Form::kString, value.as_string(), false};
  if (value.type() != Type::kCapsule) return std::nullopt;
  const Capsule* capsule = value.as_capsule().get();
  if (const auto* secret = dynamic_cast<const Secret*>(capsule))
    return Text{Text::Form::kSecret, secret->text(), true};
  if (const auto* optional = dynamic_cast<const OptionalSecret*>(capsule))
    return Text{Text::Form::kOptional, optional->text(), optional->is_secret()};
  return std::nullopt;
}

// An optional secret that is not secret: a string beside a string, for every operator.
std::optional<Value> open_text(const Value& value) {
  if (value.type() != Type::kCapsule) return std::nullopt;
  const auto* optional = dynamic_cast<const OptionalSecret*>(value.as_capsule().get());
  if (optional == nullptr || optional->is_secret()) return std::nullopt;
  return Value(optional->text());
}

bool is_operand(Token op, const Value& value) {
  switch (op) {
    case Token::kOr:
    case Token::kAnd:
      return value.type() == Type::kBool;
    case Token::kLt:
    case Token::kLte:
    case Token::kGt:
    case Token::kGte:
      return value.type() == Type::kNumber || value.type() == Type::kString;
    case Token::kAdd:
      return value.type() == Type::kNumber || text_of(value).has_value();
    default:
      return value.type() == Type::kNumber;
  }
}

std::string_view operand_types(Token op) {
  switch (op) {
    case Token::kOr:
    case Token::kAnd:
      return "bool";
    case Token::kLt:
    case Token::kLte:
    case Token::kGt:
    case Token::kGte:
      return "number string";
    case Token::kAdd:
      return "number string capsule";
    default:
      return "number";
  }
}

DecodeError wrong_operand(Token op, const Value& value) {
  std::string wanted(operand_types(op)), got(value.type_name());
  // A capsule that is no text would otherwise be told that it should be a capsule.
  if (op == Token::kAdd && value.type() == Type::kCapsule) {
    wanted = "number string secret";
    got += "(" + quote(value.as_capsule()->type_name()) + ")";
  }
  DecodeError error = decode_failure("should be one of [" + wanted + "] for binop " +
                                     std::string(token_name(op)) + ", got " + got);
  error.null_value = value.is_null();
  return error;
}

std::expected<Value, OperatorError> add_texts(const Text& left, const Text& right) {
  if (left.text.size() + right.text.size() > kMaxTextBytes)
    return blame(Blame::kRight, decode_failure("makes a string that is too long"));
  std::string text;
  text.reserve(left.text.size() + right.text.size());
  text.append(left.text).append(right.text);
  using Form = Text::Form;
  const bool secret = left.secret || right.secret;
  if (left.form == Form::kSecret || right.form == Form::kSecret)
    return Value(CapsulePtr(std::make_shared<const Secret>(std::move(text))));
  if (secret || (left.form == Form::kOptional && right.form == Form::kOptional))
    return Value(CapsulePtr(std::make_shared<const OptionalSecret>(std::move(text), secret)));
  return Value(std::move(text));
}

// Multiplication wraps like the machine's; a negative exponent leaves the base as it is.
std::uint64_t power(std::uint64_t base, std::uint64_t exponent, bool negative_exponent) {
  if (exponent == 0 || base == 1) return 1;
  if (negative_exponent) return base;
  std::uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

bool compare(Token op, auto left, auto right) {
  switch (op) {
    case Token::kLt:
      return left < right;
    case Token::kLte:
      return left <= right;
    case Token::kGt:
      return left > right;
    default:
      return left >= right;
  }
}

bool is_comparison(Token op) {
  return op == Token::kLt || op == Token::kLte || op == Token::kGt || op == Token::kGte;
}

std::expected<Value, OperatorError> divide_by_zero() {
  return blame(Blame::kRight, decode_failure("divide by zero error"));
}

std::expected<Value, OperatorError> float_operation(Token op, double left, double right) {
  switch (op) {
    case Token::kAdd:
      return Value(left + right);
    case Token::kSub:
      return Value(left - right);
    case Token::kMul:
      return Value(left * right);
    case Token::kDiv:
      if (right == 0) return divide_by_zero();
      return Value(left / right);
    case Token::kMod:
      if (right == 0) return divide_by_zero();
      return Value(std::fmod(left, right));
    default:
      return Value(std::pow(left, right));
  }
}

template <class T>
std::expected<Value, OperatorError> integer_operation(Token op, T left, T right) {
  // Through unsigned arithmetic: overflow wraps.
  const auto a = static_cast<std::uint64_t>(left);
  const auto b = static_cast<std::uint64_t>(right);
  const auto result = [](std::uint64_t v) { return Value(static_cast<T>(v)); };
  switch (op) {
    case Token::kAdd:
      return result(a + b);
    case Token::kSub:
      return result(a - b);
    case Token::kMul:
      return result(a * b);
    case Token::kDiv:
      if (right == 0) return divide_by_zero();
      if (std::is_signed_v<T> && right == static_cast<T>(-1)) return result(0 - a);
      return Value(static_cast<T>(left / right));
    case Token::kMod:
      if (right == 0) return divide_by_zero();
      if (std::is_signed_v<T> && right == static_cast<T>(-1)) return result(0);
      return Value(static_cast<T>(left % right));
    default:
      return result(power(a, b, std::is_signed_v<T> && right < T{0}));
  }
}

std::expected<Value, OperatorError> number_operation(Token op, const Value& left, const Value& right) {
  const Kind kind = std::max(left.number_kind(), right.number_kind());
  if (is_comparison(op)) {
    if (kind == Kind::kFloat) return Value(compare(op, left.as_double(), right.as_double()));
    if (kind == Kind::kInt) return Value(compare(op, left.as_int(), right.as_int()));
    return Value(compare(op, left.as_uint(), right.as_uint()));
  }
  if (kind == Kind::kFloat) return float_operation(op, left.as_double(), right.as_double());
  if (kind == Kind::kInt) return integer_operation(op, left.as_int(), right.as_int());
  return integer_operation(op, left.as_uint(), right.as_uint());
}

}  // namespace

std::expected<Value, OperatorError> apply_unary(Token op, const Value& operand) {
  if (op == Token::kNot) {
    if (operand.type() != Type::kBool) return blame(Blame::kLeft, type_mismatch("bool", operand));
    return Value(!operand.as_bool());
  }
  if (operand.type() != Type::kNumber) return blame(Blame::kLeft, type_mismatch("number", operand));
  if (operand.number_kind() == Kind::kFloat) return Value(-operand.as_double());
  return Value(static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(operand.as_int())));
}

std::expected<Value, OperatorError> apply_binary(Token op, const Value& left, const Value& right) {
  if (auto text = open_text(left); text && right.type() == Type::kString)
    return apply_binary(op, *text, right);
  if (auto text = open_text(right); text && left.type() == Type::kString)
    return apply_binary(op, left, *text);
  if (op == Token::kEq) return Value(left.equals(right));
  if (op == Token::kNeq) return Value(!left.equals(right));
  if (!is_operand(op, left)) return blame(Blame::kLeft, wrong_operand(op, left));
  if (!is_operand(op, right)) return blame(Blame::kRight, wrong_operand(op, right));

  if (op == Token::kAdd) {
    const auto left_text = text_of(left);
    const auto right_text = text_of(right);
    if (left_text && right_text) return add_texts(*left_text, *right_text);
  }
  if (left.type() != right.type()) return blame(Blame::kRight, type_mismatch(left.type_name(), right));
  switch (left.type()) {
    case Type::kBool:
      return Value(op == Token::kAnd ? left.as_bool() && right.as_bool() : left.as_bool() || right.as_bool());
    case Type::kString:
      return Value(compare(op, left.as_string().compare(right.as_string()), 0));
    default:
      return number_operation(op, left, right);
  }
}

}  // namespace invar::syntax
