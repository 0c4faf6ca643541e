#include "syntax/token.h"

#include <array>

namespace invar::syntax {
namespace {

constexpr std::array<std::string_view, 34> kNames = {
    "ILLEGAL", "EOF", "COMMENT", "TERMINATOR", "IDENT", "NULL", "BOOL", "NUMBER", "FLOAT",
    "STRING",  "||",  "&&",      "!",          "==",    "!=",   "<",    "<=",     ">",
    ">=",      "+",   "-",       "*",          "/",     "%",    "^",    "=",      "{",
    "}",       "(",   ")",       "[",          "]",     ",",    ".",
};
static_assert(static_cast<std::size_t>(Token::kDot) + 1 == kNames.size());

}  // namespace

std::string_view token_name(Token token) {
  return kNames[static_cast<std::size_t>(token)];
}

}  // namespace invar::syntax
