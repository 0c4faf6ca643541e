// Facts of Unicode 15.0.0, from tables that tools/write_unicode_tables.py makes. Pure.
#pragma once

namespace invar {

// Letters, marks, numbers, punctuation, symbols and the ASCII space: what a quoted text shows as it is.
bool is_printable(char32_t rune);

bool is_letter(char32_t rune);         // category L
bool is_decimal_digit(char32_t rune);  // category Nd

}  // namespace invar
