// Which code points may stand in an identifier: language.md 2. Pure.
#pragma once

#include "base/unicode.h"

namespace invar::syntax {

// Most are ASCII, and found without the tables.
inline bool is_letter(char32_t rune) {
  if (rune < 0x80) return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z') || rune == '_';
  return invar::is_letter(rune);
}

inline bool is_decimal_digit(char32_t rune) {
  return rune < 0x80 ? rune >= '0' && rune <= '9' : invar::is_decimal_digit(rune);
}

}  // namespace invar::syntax
