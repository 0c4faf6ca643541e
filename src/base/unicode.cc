#include "base/unicode.h"

#include <algorithm>
#include <iterator>

namespace invar {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

#include "base/unicode_tables.inl"

template <std::size_t N>
bool contains(const Range (&table)[N], char32_t rune) {
  const auto* after = std::ranges::upper_bound(table, rune, {}, &Range::first);
  return after != std::begin(table) && rune <= std::prev(after)->last;
}

}  // namespace

bool is_printable(char32_t rune) {
  return contains(kPrintable, rune);
}

bool is_letter(char32_t rune) {
  return contains(kLetters, rune);
}

bool is_decimal_digit(char32_t rune) {
  return contains(kDecimalDigits, rune);
}

}  // namespace invar
