// Tokens of the configuration language: language.md 2.
#pragma once

#include <cstdint>
#include <string_view>

namespace invar::syntax {

enum class Token : std::uint8_t {
  kIllegal,
  kEof,
  kComment,
  kTerminator,
  kIdent,
  kNull,
  kBool,
  kNumber,
  kFloat,
  kString,
  kOr,
  kAnd,
  kNot,
  kEq,
  kNeq,
  kLt,
  kLte,
  kGt,
  kGte,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAssign,
  kLCurly,
  kRCurly,
  kLParen,
  kRParen,
  kLBrack,
  kRBrack,
  kComma,
  kDot,
};

// As in messages: "IDENT", "EOF", "{", "&&".
std::string_view token_name(Token token);

}  // namespace invar::syntax
