// Which code points may stand in an identifier: language.md 2.
#pragma once

namespace invar::syntax {

bool is_letter(char32_t rune);         // Unicode letter, or '_'
bool is_decimal_digit(char32_t rune);  // Unicode category Nd

}  // namespace invar::syntax
