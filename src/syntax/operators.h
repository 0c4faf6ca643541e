// The operators on values: language.md 5. Pure.
#pragma once

#include <expected>

#include "syntax/decode.h"
#include "syntax/token.h"
#include "syntax/value.h"

namespace invar::syntax {

// What a string or byte string made by an expression may measure at most.
inline constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;

struct OperatorError {
  enum class Blame { kLeft, kRight };
  Blame blame = Blame::kLeft;  // the operand that is wrong; a unary operator has a left one only
  DecodeError error;
};

std::expected<Value, OperatorError> apply_unary(Token op, const Value& operand);
std::expected<Value, OperatorError> apply_binary(Token op, const Value& left, const Value& right);

}  // namespace invar::syntax
